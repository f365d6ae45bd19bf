"""Resume state: every tensor of a training and its counters in one safetensors file, replaced atomically."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from talkface.artifacts.weights import CheckpointError, read_tensors, write_tensors
from talkface.provenance.versions import present
from talkface.training.fingerprint import differences

logger = logging.getLogger(__name__)

SAVE_EVERY_S = 60.0
STATE_NAME = "state.safetensors"
HISTORY_NAME = "history.jsonl"


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
    what: str,
) -> Counters | None:
    """Restore a state into modules and optimisers; ``None``, the reason logged, without a fitting one."""
    path = work / STATE_NAME
    if not path.exists():
        return None
    try:
        header, tensors = read_tensors(path)
    except CheckpointError as error:
        logger.warning("%s: starting from zero: %s", what, error)
        return None
    content = json.loads(header)
    wanted = json.loads(json.dumps(fingerprint))
    changed = differences(content["fingerprint"], wanted)
    if changed:
        logger.warning("%s: starting from zero: the saved state differs in %s", what, ", ".join(changed))
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


def trim_history(work: Path, samples: int) -> None:
    """Drop the history lines that a killed run wrote after its last saved state."""
    path = work / HISTORY_NAME
    kept = [row for row in read_history(work) if row["samples"] <= samples]
    temporary = path.with_suffix(".part")
    temporary.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    temporary.replace(path)


def append_history(work: Path, samples: int, values: Mapping[str, float]) -> None:
    """Append one line per quantity."""
    with (work / HISTORY_NAME).open("a", encoding="utf-8") as file:
        for name, value in values.items():
            file.write(json.dumps({"samples": samples, "name": name, "value": value}) + "\n")


def read_history(work: Path) -> list[dict[str, Any]]:
    """The rows so far, in the columns of the schema ``history``; a half-written last line is left out."""
    path = work / HISTORY_NAME
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            logger.warning("%s: a half-written line is left out", path)
    return rows


def discard(work: Path) -> None:
    """Remove the state of a training whose model has been published; the lock file stays."""
    (work / STATE_NAME).unlink(missing_ok=True)
    (work / HISTORY_NAME).unlink(missing_ok=True)
