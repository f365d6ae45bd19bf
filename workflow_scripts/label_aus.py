"""Rule label_aus."""

from talkface.jobs.label_aus import label_aus
from talkface.runtime.binding import run

run(label_aus, snakemake)
