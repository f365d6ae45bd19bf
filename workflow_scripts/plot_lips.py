"""Rule plot_lips."""

from pathlib import Path

from talkface.config import Evaluation, Gallery
from talkface.jobs.plot_lips import plot_lips
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    plot_lips(
        landmarks_true=[Path(path) for path in snakemake.input.landmarks_true],
        landmarks_generated=[Path(path) for path in snakemake.input.landmarks_generated],
        split=Path(snakemake.input.split),
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        gallery=Gallery.model_validate(snakemake.params.gallery),
        figure=Path(snakemake.output.figure),
    )
