"""Rule align_films."""

from talkface.jobs.align_films import align_films
from talkface.runtime.binding import run

run(align_films, snakemake)
