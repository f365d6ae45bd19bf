"""Rule tabulate_main_results."""

from talkface.jobs.tabulate_main_results import tabulate_main_results
from talkface.runtime.binding import run

run(tabulate_main_results, snakemake)
