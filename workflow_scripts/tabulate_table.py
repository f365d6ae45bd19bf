"""Rule tabulate_table."""

from talkface.jobs.tabulate_table import tabulate_table
from talkface.runtime.binding import run

run(tabulate_table, snakemake)
