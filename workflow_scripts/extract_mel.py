"""Rule extract_mel."""

from talkface.jobs.extract_mel import extract_mel
from talkface.runtime.binding import run

run(extract_mel, snakemake)
