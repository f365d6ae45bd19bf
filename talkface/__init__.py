"""talkface: from raw talking-face corpora to results tables, and from a photo and a sound to a video."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from talkface.runtime.caches import move_unwritable_caches

if TYPE_CHECKING:
    from talkface.animation.animator import Animator

__version__ = "0.1.0"

move_unwritable_caches()  # before anything imports matplotlib


def load(
    model: str | PathLike[str] | None = None, *, variant: str | None = None, device: str = "auto"
) -> Animator:
    """Open the networks of a bundle, which animate photos: ``load(bundle).animate(photo, sound)``.

    Args:
        model: folder of a bundle or of a finished experiment; None: the bundle that comes with the package.
        variant: of an experiment; None: the first of its ``main``.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ValueError: no such model, or one that was changed; the message names file, field and remedy.
    """
    from talkface.animation.animator import open_animator  # torch: half of it would be imported by --help

    return open_animator(model, variant=variant, device=device)
