"""Rule tabulate_evaluators."""

from talkface.jobs.tabulate_evaluators import tabulate_evaluators
from talkface.runtime.binding import run

run(tabulate_evaluators, snakemake)
