"""Rule take_evaluator."""

from talkface.jobs.take_evaluator import take_evaluator
from talkface.runtime.binding import run

run(take_evaluator, snakemake)
