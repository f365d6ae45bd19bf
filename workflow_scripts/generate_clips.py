"""Rule generate_clips."""

from talkface.jobs.generate_clips import generate_clips
from talkface.runtime.binding import run

run(generate_clips, snakemake)
