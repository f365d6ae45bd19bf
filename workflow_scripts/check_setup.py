"""Rule check_setup."""

from talkface.jobs.check_setup import check_setup
from talkface.runtime.binding import run

run(check_setup, snakemake)
