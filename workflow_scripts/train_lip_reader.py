"""Rule train_lip_reader."""

from talkface.jobs.train_lip_reader import train_lip_reader
from talkface.runtime.binding import run

run(train_lip_reader, snakemake)
