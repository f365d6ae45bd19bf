"""The configuration's schema and its document, generated from the models and the texts below fields."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from talkface.config.experiment import Config
from talkface.config.renderers import RENDERERS

_HEAD = """\
# Every field of the configuration

Generated from `talkface/config/` (`python -m talkface.config docs > docs/config.md`). `config.yaml` is the
embedded demo; an overlay such as `configs/grid.yaml` holds only what differs. A field that is not listed
here is an error. `[own]` marks what the papers do not have.
"""


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration file, each field with its description.

    Pydantic could take the descriptions itself, but would parse the source at every import, and every job
    imports the configuration.
    """
    whole = Config.model_json_schema()
    texts = descriptions()
    texts["Variant"] = dict(texts["VariantBase"])
    for own in RENDERERS.values():
        texts["Config"][own.section] = f"{own.__doc__} Read where a variant's output is {own.output}."
        texts["Variant"][own.section] = f"Differences from the section {own.section}."
    for name, model in [("Config", whole), *whole["$defs"].items()]:
        for field, content in model["properties"].items():
            content["description"] = texts[name][field]
    return whole


def schema_json() -> str:
    """The same as text, for editors: ``python -m talkface.config schema``."""
    return json.dumps(schema(), indent=2) + "\n"


def document() -> str:
    """The configuration as Markdown, a table for each section: ``python -m talkface.config docs``."""
    whole = schema()
    parts = [_HEAD, *_section("The experiment", whole, whole)]
    for name, model in whole["$defs"].items():
        parts += _section(name, model, whole)
    return "\n".join(parts)


def descriptions() -> dict[str, dict[str, str]]:
    """Section -> field -> the text below it in the source, those of its base classes included."""
    sources = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py")]
    models = {
        node.name: node for text in sources for node in ast.parse(text).body if isinstance(node, ast.ClassDef)
    }

    def found(name: str) -> dict[str, str]:
        bases = [base.id for base in reversed(models[name].bases) if isinstance(base, ast.Name)]
        inherited = [found(base) for base in bases if base in models]
        return {k: v for texts in [*inherited, dict(_texts(models[name]))] for k, v in texts.items()}

    return {name: found(name) for name in models}


def _texts(model: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(model.body, model.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            value = below.value if isinstance(below, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield field.target.id, " ".join(value.value.split())


def _section(title: str, model: dict[str, Any], whole: dict[str, Any]) -> Iterator[str]:
    yield f"## {title}\n"
    places = ", ".join(f"`{place}`" for place in sorted(_places(title, whole)))
    yield _escaped(" ".join(model["description"].split())) + (f" Section: {places}." if places else "") + "\n"
    yield "| field | values | default | what it means |"
    yield "|---|---|---|---|"
    required = model.get("required", [])
    for name, field in model["properties"].items():
        default = "required" if name in required else _shown(field.get("default"))
        yield f"| `{name}` | {_values(field)} | {default} | {_escaped(field['description'])} |"
    yield ""


def _values(field: dict[str, Any]) -> str:
    """What a field may hold, in words."""
    if "$ref" in field:
        return f"[{(name := field['$ref'].rsplit('/', 1)[1])}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_values(part) for part in field["anyOf"])
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    kind = {"null": "none", "array": "list", "object": "mapping"}.get(
        field.get("type", "any"), field.get("type")
    )
    inner = field.get("items") or field.get("additionalProperties")
    inner = inner or next(iter(field.get("patternProperties", {}).values()), None)
    if isinstance(inner, dict):
        kind = f"{kind} of {_values(inner)}"
    return " ".join([str(kind), *_bounds(field)])


def _bounds(field: dict[str, Any]) -> Iterator[str]:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    yield from (f"{sign} {field[name]:g}" for name, sign in signs.items() if name in field)
    if "multipleOf" in field:
        yield f"in steps of {field['multipleOf']}"


def _shown(default: Any) -> str:
    if isinstance(default, dict) and default:
        return "see there"
    return "none" if default is None else f"`{json.dumps(default)}`"


def _places(name: str, whole: dict[str, Any]) -> Iterator[str]:
    """The fields that hold a section, from the top."""
    for field, content in whole["properties"].items():
        if f'"#/$defs/{name}"' in json.dumps(content):
            yield field
    for other, model in whole["$defs"].items():
        for field, content in model["properties"].items():
            if f'"#/$defs/{name}"' in json.dumps(content):
                yield from (f"{place}.{field}" for place in _places(other, whole))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("``", "`")
