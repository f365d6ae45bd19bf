"""Rule check_setup."""

from pathlib import Path

from talkface.config import validate
from talkface.logs import log_to
from talkface.steps.check_setup import check_setup

with log_to(snakemake.log[0]):
    text = check_setup(
        config=validate(snakemake.config),
        speakers=snakemake.params.speakers,
        results=Path(snakemake.params.results),
    )
    print(text)
