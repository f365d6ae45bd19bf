"""Rule plot_masks."""

from pathlib import Path

from talkface.config import Evaluation, Gallery
from talkface.jobs.plot_masks import plot_masks
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    plot_masks(
        identities=[Path(path) for path in snakemake.input.identities],
        split=Path(snakemake.input.split),
        crop_size=snakemake.params.crop_size,
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        gallery=Gallery.model_validate(snakemake.params.gallery),
        figure=Path(snakemake.output.figure),
    )
