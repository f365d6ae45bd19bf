"""Rule plot_people."""

from talkface.jobs.plot_people import plot_people
from talkface.runtime.binding import run

run(plot_people, snakemake)
