"""Rule label_aus."""

from pathlib import Path

from talkface.config import AuLabels
from talkface.logs import log_to
from talkface.steps.label_aus import label_aus

with log_to(snakemake.log[0]):
    label_aus(
        landmarks=Path(snakemake.input.landmarks),
        faces=Path(snakemake.input.faces),
        labels=AuLabels.model_validate(snakemake.params.aus),
        aus=Path(snakemake.output.aus),
    )
