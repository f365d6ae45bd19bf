"""Rule tabulate_corpus."""

from pathlib import Path

from talkface.config import Corpus
from talkface.jobs.tabulate_corpus import tabulate_corpus
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    tabulate_corpus(
        split=Path(snakemake.input.split),
        checks=[Path(path) for path in snakemake.input.checks],
        corpus=Corpus.model_validate(snakemake.params.corpus),
        csv=Path(snakemake.output.csv),
        markdown=Path(snakemake.output.markdown),
        tex=Path(snakemake.output.tex),
        content=Path(snakemake.output.content),
    )
