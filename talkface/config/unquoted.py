"""Names without quotes that YAML reads as something else: 01, on, null, 2024-05-01."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

Place = Sequence[int | str]
"""Keys and positions that lead to a value, as pydantic names them; "[key]" at the end is the key itself."""


def explanation(place: Place, value: object, files: Iterable[Path]) -> str | None:
    """What YAML makes of a name, where that stands, and the remedy; None where quotes would not help.

    Args:
        place: of a value that should be a text.
        value: what was read.
        files: the configuration files, later ones over earlier ones.
    """
    kind = _kind(value)
    if kind is None:
        return None
    for path in reversed(list(files)):
        node = _node(path, place)
        if node is not None and node.style is None and _same(yaml.safe_load(node.value), value):
            line = node.start_mark.line + 1
            return (
                f"YAML reads {node.value or 'an empty value'} as {kind}: put the name in quotes, "
                f'"{node.value}" ({_shown(path)}, line {line})'
            )
    return (
        f"YAML reads the name that is given here as {kind} ({value}): put it in quotes, "
        "on the command line within those of the shell (--config \"split='01'\")"
    )


def _kind(value: object) -> str | None:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a date" if isinstance(value, date) else None


def _node(path: Path, place: Place) -> yaml.ScalarNode | None:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    for position, part in enumerate(place):
        if isinstance(node, yaml.MappingNode):
            of_key = {str(_read(key)): (key, value) for key, value in node.value}
            key, node = of_key.get(str(part), (None, None))
            if list(place[position + 1 :]) == ["[key]"]:
                node = key
                break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            return None
    return node if isinstance(node, yaml.ScalarNode) else None


def _read(key: yaml.Node) -> Any:
    return yaml.safe_load(key.value) if isinstance(key, yaml.ScalarNode) and key.style is None else key.value


def _same(one: object, other: object) -> bool:
    return repr(one) == repr(other)  # 1 is not True


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
