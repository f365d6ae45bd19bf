"""Rule train_frame_renderer."""

from talkface.jobs.train_frame_renderer import train_frame_renderer
from talkface.runtime.binding import run

run(train_frame_renderer, snakemake)
