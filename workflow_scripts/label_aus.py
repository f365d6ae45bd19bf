"""Rule label_aus."""

from pathlib import Path

from talkface.config import AuLabels, validate
from talkface.jobs.label_aus import label_aus
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    label_aus(
        landmarks=Path(snakemake.input.landmarks),
        faces_table=Path(snakemake.input.faces),
        speaker=snakemake.wildcards.speaker,
        aus=AuLabels.model_validate(snakemake.params.aus),
        faces=validate(snakemake.config).faces,
        aus_table=Path(snakemake.output.aus),
    )
