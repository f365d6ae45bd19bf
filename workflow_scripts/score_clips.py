"""Rule score_clips."""

from talkface.jobs.score_clips import score_clips
from talkface.runtime.binding import run

run(score_clips, snakemake)
