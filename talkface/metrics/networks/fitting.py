"""Puts the tensors of a file into a network, or says what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)
_SHOWN = 3


class WeightsError(ValueError):
    """Weights that are not those of the network; the message names the tensors."""


def fitted(network: AnyModule, tensors: Mapping[str, Any], what: str) -> AnyModule:
    """The network with these weights, frozen, in evaluation mode.

    Batch counters, which older files lack, are no weights. Raises ``WeightsError``, which begins with
    ``what``, for a missing tensor, a foreign one or one of another shape.
    """
    wanted = {name: value for name, value in network.state_dict().items() if not _counts(name)}
    found = {name: value for name, value in tensors.items() if not _counts(name)}
    problems = {
        "missing": sorted(set(wanted) - set(found)),
        "not in this network": sorted(set(found) - set(wanted)),
        "of another shape": sorted(
            name for name in set(wanted) & set(found) if not _alike(wanted[name], found[name])
        ),
    }
    if any(problems.values()):
        said = [
            f"{title}: {', '.join(names[:_SHOWN])}{' ...' if len(names) > _SHOWN else ''}"
            for title, names in problems.items()
            if names
        ]
        raise WeightsError(f"{what}: these are the weights of another network ({'; '.join(said)})")
    network.load_state_dict(found, strict=False)
    return network.eval().requires_grad_(False)


def _counts(name: str) -> bool:
    return name.endswith("num_batches_tracked")


def _alike(wanted: Tensor, found: Any) -> bool:
    return isinstance(found, Tensor) and found.shape == wanted.shape
