"""Rule train_sync_evaluator."""

from talkface.jobs.train_sync_evaluator import train_sync_evaluator
from talkface.runtime.binding import run

run(train_sync_evaluator, snakemake)
