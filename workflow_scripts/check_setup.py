"""Rule check_setup."""

from pathlib import Path

from talkface.config import validate
from talkface.jobs.check_setup import check_setup
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    text = check_setup(
        config=validate(snakemake.config),
        speakers=snakemake.params.speakers,
        results=Path(snakemake.params.results),
    )
    print(text)
