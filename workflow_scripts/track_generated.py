"""Rule track_generated."""

from talkface.jobs.track_generated import track_generated
from talkface.runtime.binding import run

run(track_generated, snakemake)
