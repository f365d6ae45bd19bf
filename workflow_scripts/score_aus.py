"""Rule score_aus."""

from pathlib import Path

from talkface.config import AuLabels, validate
from talkface.jobs.score_aus import score_aus
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    score_aus(
        landmarks_generated=[Path(snakemake.input.landmarks_generated)],
        generated=[Path(path) for path in snakemake.input.generated],
        aus=[Path(path) for path in snakemake.input.aus],
        split=Path(snakemake.input.split),
        labels=AuLabels.model_validate(snakemake.params.aus),
        faces=validate(snakemake.config).faces,
        scores=Path(snakemake.output.scores),
    )
