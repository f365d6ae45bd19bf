"""Rule tabulate_au_classifier."""

from talkface.jobs.tabulate_au_classifier import tabulate_au_classifier
from talkface.runtime.binding import run

run(tabulate_au_classifier, snakemake)
