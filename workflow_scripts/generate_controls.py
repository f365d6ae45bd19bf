"""Rule generate_controls."""

from talkface.jobs.generate_controls import generate_controls
from talkface.runtime.binding import run

run(generate_controls, snakemake)
