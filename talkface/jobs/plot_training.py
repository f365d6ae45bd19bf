"""Rule ``plot_training``: training curves of every stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_frame
from talkface.evaluation.runs import trained_run
from talkface.reporting.figures.style import save_svg, styled
from talkface.reporting.figures.training_curves import draw_training


def plot_training(*, histories: Sequence[Path], figure: Path) -> None:
    """Draw the losses and held-back figures of each training, in the order given."""
    with styled():
        save_svg(draw_training({trained_run(path): read_frame(path, HISTORY) for path in histories}), figure)
