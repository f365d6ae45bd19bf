"""Rule plot_table."""

from talkface.jobs.plot_table import plot_table
from talkface.runtime.binding import run

run(plot_table, snakemake)
