"""Resume state: every tensor of a training and its counters in one safetensors file, replaced atomically.

Beside it lies the history so far, ``history.csv``. It stays when the training has ended; so does the state
where a longer training could go on from it.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from talkface.artifacts.atomic import explained, replacing
from talkface.artifacts.weights import CheckpointError, read_tensors, write_tensors
from talkface.provenance.versions import present
from talkface.training.fingerprint import Length, reason_against

logger = logging.getLogger(__name__)

SAVE_EVERY_S = 60.0
STATE_NAME = "state.safetensors"
HISTORY_NAME = "history.csv"
HISTORY_COLUMNS = ("samples", "name", "value")


@dataclass
class Counters:
    """The scalars that belong to the tensors: where the training is, and its open logging interval."""

    samples: int = 0
    sums: dict[str, float] | None = None  # of each quantity since the last log line
    counts: dict[str, int] | None = None


def save_state(
    work: Path,
    fingerprint: Mapping[str, Any],
    counters: Counters,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
) -> None:
    """Write the state of a training; saving changes none of its numbers."""
    tensors: dict[str, torch.Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"module/{name}/{key}": value for key, value in module.state_dict().items()}
    scalars: dict[str, Any] = {}
    for name, optimizer in optimizers.items():
        for index, entries in optimizer.state_dict()["state"].items():
            for key, value in entries.items():
                place = f"optimizer/{name}/{index}/{key}"
                if isinstance(value, torch.Tensor):
                    tensors[place] = value
                else:
                    scalars[place] = value
    header = {"fingerprint": fingerprint, "counters": vars(counters), "scalars": scalars}
    header["versions"] = present()
    write_tensors(work / STATE_NAME, tensors, json.dumps(header))  # unsorted: the order of quantities is kept


def load_state(
    work: Path,
    fingerprint: Mapping[str, Any],
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    length: Length,
    what: str,
) -> Counters | None:
    """Restore a state into modules and optimisers; ``None``, the reason logged, without a fitting one."""
    path = work / STATE_NAME
    if not path.exists():
        seen = max((row["samples"] for row in read_history(work)), default=0)
        if 0 < seen < length.samples:
            logger.warning(
                "%s: starting from zero: no state is left of the %s samples that it has seen: a finished "
                "training keeps none where %s",
                what, f"{seen:,}", length.keeps_none_where(),
            )  # fmt: skip
        return None
    try:
        header, tensors = read_tensors(path)
    except CheckpointError as error:
        logger.warning("%s: starting from zero: %s", what, error)
        return None
    content = json.loads(header)
    wanted = json.loads(json.dumps(fingerprint))
    reason = reason_against(content["fingerprint"], wanted, content["counters"]["samples"], length)
    if reason is not None:
        logger.warning("%s: starting from zero: %s", what, reason)
        return None
    if content["versions"] != present():
        logger.info("%s: the state was saved under %s, this is %s", what, content["versions"], present())
    for name, module in modules.items():
        module.load_state_dict(_below(tensors, f"module/{name}/"))
    for name, optimizer in optimizers.items():
        prefix = f"optimizer/{name}/"
        _restore(optimizer, _below(tensors, prefix) | _below(content["scalars"], prefix))
    return Counters(**content["counters"])


def _below(entries: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name[len(prefix) :]: value for name, value in entries.items() if name.startswith(prefix)}


def _restore(optimizer: Optimizer, entries: Mapping[str, Any]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for place, value in entries.items():
        index_text, key = place.split("/", 1)
        index = int(index_text)
        if isinstance(value, torch.Tensor) and value.dim() and value.shape == parameters[index].shape:
            # with the strides that the optimiser gave it: a kernel's tail must not round differently
            value = torch.empty_like(parameters[index]).copy_(value)
        state.setdefault(index, {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def trim_history(work: Path, counters: Counters | None) -> None:
    """Drop the history rows that were written after the state; all of them without a state.

    The closing row of a training that ended between two regular ones goes too: a longer one has none there.
    """
    seen, open_interval = (-1, False) if counters is None else (counters.samples, bool(counters.sums))
    kept = [row for row in read_history(work) if row["samples"] < seen + (not open_interval)]
    with replacing(work / HISTORY_NAME) as temporary:
        temporary.write_text(_lines([HISTORY_COLUMNS, *(row.values() for row in kept)]), encoding="utf-8")


def append_history(work: Path, samples: int, values: Mapping[str, float]) -> None:
    """Append one line per quantity."""
    path = work / HISTORY_NAME
    with explained(path), path.open("a", encoding="utf-8") as file:
        file.write(_lines((samples, name, float(value)) for name, value in values.items()))


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def read_history(work: Path) -> list[dict[str, Any]]:
    """The rows so far, in the columns of the schema ``history``; a half-written line is left out."""
    path = work / HISTORY_NAME
    if not path.exists():
        return []
    whole, _, half = path.read_text(encoding="utf-8").rpartition("\n")
    rows, damaged = [], int(bool(half))
    for fields in csv.reader(whole.splitlines()[1:]):
        try:
            samples, name, value = fields
            rows.append({"samples": int(samples), "name": name, "value": float(value)})
        except ValueError:
            damaged += 1
    if damaged:
        logger.warning("%s: a half-written line is left out", path)
    return rows


def discard(work: Path) -> None:
    """Remove the state of a training whose model has been published; lock file and history stay."""
    (work / STATE_NAME).unlink(missing_ok=True)
