"""Rule generate_corpus."""

from pathlib import Path

from talkface.config import validate
from talkface.logs import log_to
from talkface.steps.generate_corpus import generate_corpus

with log_to(snakemake.log[0]):
    generate_corpus(
        corpus=validate(snakemake.config).corpus,
        speaker=snakemake.wildcards.speaker,
        truth=Path(snakemake.output.truth),
    )
