"""Rule tabulate_corpus."""

from talkface.jobs.tabulate_corpus import tabulate_corpus
from talkface.runtime.binding import run

run(tabulate_corpus, snakemake)
