"""Rule plot_aus."""

from pathlib import Path

from talkface.config import AuLabels, Evaluation, Gallery
from talkface.jobs.plot_aus import plot_aus
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    plot_aus(
        au_features=[Path(path) for path in snakemake.input.au_features],
        aus=[Path(path) for path in snakemake.input.aus],
        split=Path(snakemake.input.split),
        labels=AuLabels.model_validate(snakemake.params.aus),
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        gallery=Gallery.model_validate(snakemake.params.gallery),
        figure=Path(snakemake.output.figure),
    )
