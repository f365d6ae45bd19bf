"""Rule track_generated."""

from pathlib import Path

from talkface.logs import log_to
from talkface.steps.track_generated import track_generated

with log_to(snakemake.log[0]):
    track_generated(
        generated=[Path(path) for path in snakemake.input.generated],
        method=snakemake.wildcards.method,
        landmarks_true=[Path(path) for path in snakemake.input.landmarks_true],
        landmarks=Path(snakemake.output.landmarks),
    )
