"""Rule score_pixels."""

from pathlib import Path

from talkface.jobs.score_pixels import score_pixels
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    score_pixels(
        generated=[Path(path) for path in snakemake.input.generated],
        faces=[Path(path) for path in snakemake.input.faces],
        split=Path(snakemake.input.split),
        crop_size=snakemake.params.crop_size,
        scores=Path(snakemake.output.scores),
    )
