"""Rule list_clips."""

from pathlib import Path

from talkface.config import validate
from talkface.jobs.list_clips import list_clips
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    list_clips(
        corpus=validate(snakemake.config).corpus,
        speaker=snakemake.wildcards.speaker,
        clips=Path(snakemake.output.clips),
    )
