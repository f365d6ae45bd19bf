"""Rule plot_aus."""

from talkface.jobs.plot_aus import plot_aus
from talkface.runtime.binding import run

run(plot_aus, snakemake)
