"""Rule plot_training."""

from talkface.jobs.plot_training import plot_training
from talkface.runtime.binding import run

run(plot_training, snakemake)
