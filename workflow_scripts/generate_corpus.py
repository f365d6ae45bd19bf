"""Rule generate_corpus."""

from pathlib import Path

from talkface.config import validate
from talkface.jobs.generate_corpus import generate_corpus
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    generate_corpus(
        corpus=validate(snakemake.config).corpus,
        speaker=snakemake.wildcards.speaker,
        truth=Path(snakemake.output.truth),
    )
