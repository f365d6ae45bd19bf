"""Rule generate_corpus."""

from talkface.jobs.generate_corpus import generate_corpus
from talkface.runtime.binding import run

run(generate_corpus, snakemake)
