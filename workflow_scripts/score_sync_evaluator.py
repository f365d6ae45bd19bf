"""Rule score_sync_evaluator."""

from talkface.jobs.score_sync_evaluator import score_sync_evaluator
from talkface.runtime.binding import run

run(score_sync_evaluator, snakemake)
