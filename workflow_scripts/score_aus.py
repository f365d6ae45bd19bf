"""Rule score_aus."""

from talkface.jobs.score_aus import score_aus
from talkface.runtime.binding import run

run(score_aus, snakemake)
