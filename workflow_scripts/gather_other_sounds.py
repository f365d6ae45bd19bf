"""Rule gather_other_sounds."""

from talkface.jobs.gather_other_sounds import gather_other_sounds
from talkface.runtime.binding import run

run(gather_other_sounds, snakemake)
