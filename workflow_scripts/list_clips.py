"""Rule list_clips."""

from talkface.jobs.list_clips import list_clips
from talkface.runtime.binding import run

run(list_clips, snakemake)
