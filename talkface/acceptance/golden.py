"""Golden outputs: the figures of the smallest experiment, as small text files under ``golden/``.

They contain the loss curve of 20 steps of every training, features of three clips, and means of everything
else (configs/micro.yaml with configs/micro_tables.yaml, float32, one thread). Code whose golden
outputs are equal may be accepted as equal (:mod:`talkface.acceptance.accept`).
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from talkface.artifacts.headers import header_of
from talkface.media.images import decode_png
from talkface.metrics.catalogue import optional_metrics
from talkface.provenance.versions import present

Figures = dict[str, dict[str, float | str]]
"""File below ``golden/`` -> name of a figure -> its value."""

NUM_CLIPS = 3


@dataclass(frozen=True)
class Tolerance:
    """Two figures are equal where they differ by at most ``absolute + relative * |figure|``."""

    relative: float
    absolute: float


HERE = Tolerance(1e-5, 1e-6)
"""On the machine that made the golden outputs: the same code gives the same bits there."""
ELSEWHERE = Tolerance(1e-2, 1e-4)
"""On others: processors round differently, and training hands rounding on (golden/README.md)."""
ELSEWHERE_AMPLIFIED = Tolerance(0.1, 5e-3)
"""The same for what amplifies rounding most: a critic and its generator, features of an untrained network."""
_AMPLIFYING = ("au_attention", "perceptual", "adversarial")
_DIGITS = 7
_PNG = b"\x89PNG"
_KEYS = frozenset({"clip", "speaker", "utterance", "frame", "path"})
_PICTURES = frozenset({"image", "audio_face"})
_STEADY_METHODS = frozenset({"static", "mean_mouth", "ground_truth"})
MACHINE = "machine.txt"
GROUPS = ("curves", "features", "outputs")


def figures_of(results: Path) -> Figures:
    """The figures of a finished experiment under ``results/{experiment}/{corpus}``."""
    figures: Figures = {}
    for path in sorted(results.rglob("*.parquet")):
        place = path.relative_to(results).with_suffix("").as_posix()
        table = pq.read_table(path)
        if path.name == "history.parquet":
            training = place.split("/")[1:3]
            figures[f"curves/{'-'.join(training)}.txt"] = _curve(table)
        elif place.startswith("features/"):
            for clip in table["clip"].unique().to_pylist():
                file = f"features/{clip.replace('/', '-')}.txt"
                figures.setdefault(file, {}).update(_of_clip(path.stem, table, clip))
        elif _is_steady(place):
            group = "-".join(place.split("/")[:2] if place.startswith("train/") else place.split("/")[:1])
            figures.setdefault(f"outputs/{group}.txt", {}).update(_of_table(place, table))
    for path in sorted(results.rglob("*.safetensors")):
        origin = header_of(path)
        place = path.relative_to(results).parent.as_posix()
        figures.setdefault("outputs/samples.txt", {})[f"{place} samples"] = float(origin["samples"])
    kept = [name for name in sorted(figures) if name.startswith("features/")][:NUM_CLIPS]
    return {n: f for n, f in sorted(figures.items()) if not n.startswith("features/") or n in kept}


def _is_steady(place: str) -> bool:
    """Whether rounding cannot throw an artifact over: on faces of an untrained network a landmark jumps.

    Scores that need optional packages are left out: not every machine has them.
    """
    parts = place.split("/")
    if parts[0] == "scores":
        return parts[1] in _STEADY_METHODS and parts[-1] not in optional_metrics()
    return parts[-1] != "landmarks"


def _curve(history: pa.Table) -> dict[str, float | str]:
    rows = history.to_pylist()
    return {f"{row['samples']} {row['name']}": row["value"] for row in rows}


def _of_clip(kind: str, table: pa.Table, clip: str) -> dict[str, float | str]:
    """Means, deviations and three single rows of one clip's features."""
    rows = table.filter(pc.equal(table["clip"], clip))
    return {
        f"{kind} {name} {what}": value
        for name in rows.column_names
        if name not in _KEYS
        for what, value in _of_column(rows, name, single_rows=True)
    }


def _of_table(place: str, table: pa.Table) -> dict[str, float | str]:
    """Means and deviations of a whole table; of scores a mean for each metric."""
    if "metric" in table.column_names:
        means = table.group_by("metric").aggregate([("value", "mean"), ("value", "count")]).to_pylist()
        return {f"{place} {row['metric']} mean": _or_none(row["value_mean"]) for row in means}
    return {
        f"{place} {name} {what}": value
        for name in table.column_names
        if name not in _KEYS
        for what, value in _of_column(table, name, single_rows=False)
    }


def _of_column(table: pa.Table, name: str, single_rows: bool) -> Iterator[tuple[str, float | str]]:
    column = table[name]
    yield "rows", float(len(column))
    if pa.types.is_string(column.type):
        yield "distinct", float(len(column.unique()))
        return
    if column.null_count == len(column):  # a fact that is measured elsewhere
        return
    rows = _numbers(column, np.uint8 if name in _PICTURES else np.float16)
    if rows:
        flat = np.concatenate([np.ravel(row) for row in rows]).astype(np.float64)
        yield "mean", float(np.nanmean(flat))
        yield "deviation", float(np.nanstd(flat))
        for number in sorted({0, len(rows) // 2, len(rows) - 1}) if single_rows else ():
            yield f"row {number} mean", float(np.nanmean(rows[number]))


def _numbers(column: pa.ChunkedArray, stored: type[np.generic]) -> list[np.ndarray]:
    """Each row as an array of numbers: pictures are decoded; none for what holds no numbers."""
    kind, values = column.type, column.to_pylist()
    if pa.types.is_binary(kind):
        return [decode_png(v) if v.startswith(_PNG) else np.frombuffer(v, stored) for v in values]
    lists = pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind)
    if pa.types.is_struct(kind.value_type if lists else kind):
        return []
    if lists:
        return [np.asarray(value, np.float64) for value in values if value]
    return [np.asarray([np.nan if value is None else value], np.float64) for value in values]


def _or_none(value: float | None) -> float | str:
    return "none" if value is None else value


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def write(figures: Figures, folder: Path) -> None:
    """Replace the files of golden outputs, and note the machine."""
    for group in GROUPS:
        shutil.rmtree(folder / group, ignore_errors=True)
    for name, values in figures.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{figure}\t{_shown(value)}\n" for figure, value in values.items()]
        path.write_text("".join(lines), encoding="utf-8")
    (folder / MACHINE).write_text(machine() + "\n", encoding="utf-8")


def made_here(folder: Path) -> bool:
    """Whether the golden outputs were made on this kind of machine."""
    return (folder / MACHINE).read_text(encoding="utf-8").strip() == machine()


def read(folder: Path) -> Figures:
    """What :func:`write` wrote."""
    figures: Figures = {}
    for path in sorted(path for group in GROUPS for path in (folder / group).glob("*.txt")):
        lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
        figures[path.relative_to(folder).as_posix()] = {figure: _number(value) for figure, value in lines}
    return figures


def digest(folder: Path) -> str:
    """SHA-256 of the golden outputs."""
    content = json.dumps(read(folder), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def differences(expected: Figures, found: Figures, same_machine: bool) -> list[str]:
    """One line for each figure that is not equal, is missing or is new.

    Args:
        expected: the golden figures.
        found: those of the present code.
        same_machine: both were made on one kind of machine (:func:`machine`).
    """
    lines = []
    for name in sorted({*expected, *found}):
        before, after = expected.get(name, {}), found.get(name, {})
        for figure in dict.fromkeys([*before, *after]):
            old, new = before.get(figure), after.get(figure)
            if not _equal(old, new, _tolerance(f"{name} {figure}", same_machine)):
                lines.append(f"{name}: {figure}: {_shown(old)} was expected, {_shown(new)} was found")
    return lines


def _tolerance(figure: str, same_machine: bool) -> Tolerance:
    if same_machine:
        return HERE
    return ELSEWHERE_AMPLIFIED if any(part in figure for part in _AMPLIFYING) else ELSEWHERE


def _equal(old: float | str | None, new: float | str | None, tolerance: Tolerance) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        allowed = tolerance.absolute + tolerance.relative * abs(old)
        return (math.isnan(old) and math.isnan(new)) or abs(old - new) <= allowed
    return old == new


def machine() -> str:
    """What rounding depends on: processor, the kernels that torch chooses for it, versions of the tools."""
    import torch

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        first = cpuinfo.read_text(encoding="utf-8").split("\n\n")[0]
        told = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", first, flags=re.MULTILINE))
        model = " ".join(told.values()) or model  # others of the same name may have other instructions
    tools = ", ".join(f"{tool} {version}" for tool, version in present().items() if tool != "python")
    return f"{model}, {torch.backends.cpu.get_cpu_capability()}, {tools}"


def _shown(value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return "nothing" if value is None else value
