"""Rule split_clips."""

from talkface.jobs.split_clips import split_clips
from talkface.runtime.binding import run

run(split_clips, snakemake)
