"""Rule score_lips."""

from talkface.jobs.score_lips import score_lips
from talkface.runtime.binding import run

run(score_lips, snakemake)
