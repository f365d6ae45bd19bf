"""Rule ``plot_aus``: AU curves of test clips, from the sound and from the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from talkface.artifacts.schemas import AU_FEATURES, AUS, SPLIT
from talkface.artifacts.tables import read_table
from talkface.config import AuLabels, Evaluation, Gallery
from talkface.data.rows import vectors
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import gallery_clips
from talkface.features.aus import PROXY_AUS
from talkface.reporting.figures.curve_figures import AuSample, draw_aus
from talkface.reporting.figures.style import save_svg, styled
from talkface.reporting.tables.aggregate import TEST_SUBSETS


def plot_aus(
    *,
    au_features: Sequence[Path],
    aus: Sequence[Path],
    split: Path,
    labels: AuLabels,
    evaluation: Evaluation,
    gallery: Gallery,
    figure: Path,
) -> None:
    """Draw what Audio-to-AU says of the first gallery clip of each test subset, over the labels.

    ``labels``: the labeller's section of the configuration.
    """
    table = read_table(split, SPLIT)
    subset_of = dict(zip(table["clip"].to_pylist(), table["subset"].to_pylist(), strict=True))
    first: dict[str, str] = {}
    for clip in gallery_clips(table, evaluation, gallery):
        first.setdefault(subset_of[clip], clip)
    predicted, labelled = tables_by_clip(au_features, AU_FEATURES), tables_by_clip(aus, AUS)
    samples = []
    for subset, clip in first.items():
        said = predicted[clip].read(clip, ["probability"])
        truth = labelled[clip].read(clip, ["normalised", "presence"])
        samples.append(
            AuSample(
                clip,
                TEST_SUBSETS[subset],
                vectors(said, "probability"),
                vectors(truth, "normalised"),
                vectors(truth, "presence").astype(bool),
            )
        )
    with styled():
        save_svg(draw_aus(samples, PROXY_AUS[labels.backend]), figure)
