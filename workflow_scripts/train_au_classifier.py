"""Rule train_au_classifier."""

from talkface.jobs.train_au_classifier import train_au_classifier
from talkface.runtime.binding import run

run(train_au_classifier, snakemake)
