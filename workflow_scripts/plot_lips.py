"""Rule plot_lips."""

from talkface.jobs.plot_lips import plot_lips
from talkface.runtime.binding import run

run(plot_lips, snakemake)
