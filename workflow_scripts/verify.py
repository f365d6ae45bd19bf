"""Rule verify."""

from talkface.jobs.verify import verify
from talkface.runtime.binding import run

run(verify, snakemake)
