"""Rule score_lip_reader."""

from talkface.jobs.score_lip_reader import score_lip_reader
from talkface.runtime.binding import run

run(score_lip_reader, snakemake)
