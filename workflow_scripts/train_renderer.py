"""Rule train_renderer."""

from talkface.jobs.train_renderer import train_renderer
from talkface.runtime.binding import run

run(train_renderer, snakemake)
