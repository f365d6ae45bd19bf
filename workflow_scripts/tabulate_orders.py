"""Rule tabulate_orders."""

from talkface.jobs.tabulate_orders import tabulate_orders
from talkface.runtime.binding import run

run(tabulate_orders, snakemake)
