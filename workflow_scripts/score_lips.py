"""Rule score_lips."""

from pathlib import Path

from talkface.jobs.score_lips import score_lips
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    score_lips(
        landmarks_generated=[Path(snakemake.input.landmarks_generated)],
        landmarks_true=[Path(path) for path in snakemake.input.landmarks_true],
        split=Path(snakemake.input.split),
        scores=Path(snakemake.output.scores),
    )
