"""Rule tabulate_au_classifier."""

from pathlib import Path

from talkface.config import AuLabels, Corpus, Evaluation, Split
from talkface.logs import log_to
from talkface.reporting.published import PUBLISHED
from talkface.steps.tabulate_au_classifier import tabulate_au_classifier

with log_to(snakemake.log[0]):
    tabulate_au_classifier(
        scores=[Path(path) for path in snakemake.input.scores],
        split=Path(snakemake.input.split),
        histories=[Path(path) for path in snakemake.input.histories],
        published=PUBLISHED,
        experiment=snakemake.wildcards.experiment,
        corpus=Corpus.model_validate(snakemake.params.corpus),
        split_name=snakemake.params.split_name,
        chosen_split=Split.model_validate(snakemake.params.chosen_split),
        aus=AuLabels.model_validate(snakemake.params.aus),
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        seeds=snakemake.params.seeds,
        code=snakemake.params.code,
        csv=Path(snakemake.output.csv),
        markdown=Path(snakemake.output.markdown),
        tex=Path(snakemake.output.tex),
        content=Path(snakemake.output.content),
    )
