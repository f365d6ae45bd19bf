"""Rule tabulate_au_classifier."""

from pathlib import Path

from talkface.jobs.tabulate_au_classifier import tabulate_au_classifier
from talkface.reporting.tables.published import PUBLISHED
from talkface.reporting.tables.setting import Setting
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    tabulate_au_classifier(
        scores=[Path(path) for path in snakemake.input.scores],
        split=Path(snakemake.input.split),
        histories=[Path(path) for path in snakemake.input.histories],
        published=PUBLISHED,
        setting=Setting.of_rule(snakemake.wildcards.experiment, snakemake.params),
        csv=Path(snakemake.output.csv),
        markdown=Path(snakemake.output.markdown),
        tex=Path(snakemake.output.tex),
        content=Path(snakemake.output.content),
    )
