"""Rule track_generated."""

from pathlib import Path

from talkface.config import validate
from talkface.jobs.track_generated import track_generated
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    track_generated(
        generated=[Path(path) for path in snakemake.input.generated],
        method=snakemake.wildcards.method,
        landmarks_true=[Path(path) for path in snakemake.input.landmarks_true],
        faces=validate(snakemake.config).faces,
        landmarks=Path(snakemake.output.landmarks),
    )
