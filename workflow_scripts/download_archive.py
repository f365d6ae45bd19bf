"""Rule download_archive."""

from pathlib import Path

from talkface.config import validate
from talkface.jobs.download_archive import download_archive
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    download_archive(
        corpus=validate(snakemake.config).corpus,
        archive=snakemake.wildcards.archive,
        receipt=Path(snakemake.output.receipt),
    )
