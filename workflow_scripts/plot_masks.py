"""Rule plot_masks."""

from talkface.jobs.plot_masks import plot_masks
from talkface.runtime.binding import run

run(plot_masks, snakemake)
