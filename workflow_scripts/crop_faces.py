"""Rule crop_faces."""

from pathlib import Path

from talkface.config import validate
from talkface.jobs.crop_faces import crop_faces
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    config = validate(snakemake.config)
    crop_faces(
        corpus=config.corpus,
        speaker=snakemake.wildcards.speaker,
        clips=Path(snakemake.input.clips),
        faces=config.faces,
        crop_size=snakemake.params.crop_size,
        faces_table=Path(snakemake.output.faces),
        landmarks_table=Path(snakemake.output.landmarks),
        checks_table=Path(snakemake.output.checks),
    )
