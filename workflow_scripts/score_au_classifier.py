"""Rule score_au_classifier."""

from talkface.jobs.score_au_classifier import score_au_classifier
from talkface.runtime.binding import run

run(score_au_classifier, snakemake)
