"""Rule tabulate_external."""

from talkface.jobs.tabulate_external import tabulate_external
from talkface.runtime.binding import run

run(tabulate_external, snakemake)
