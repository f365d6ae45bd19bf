"""Rule download_archive."""

from talkface.jobs.download_archive import download_archive
from talkface.runtime.binding import run

run(download_archive, snakemake)
