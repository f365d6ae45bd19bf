"""Rule build_paper."""

from talkface.jobs.build_paper import build_paper
from talkface.runtime.binding import run

run(build_paper, snakemake)
