"""Rule score_pixels."""

from talkface.jobs.score_pixels import score_pixels
from talkface.runtime.binding import run

run(score_pixels, snakemake)
