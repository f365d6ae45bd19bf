"""Rule tabulate_table."""

from pathlib import Path

from talkface.config import Perceptual, Sampler, Table
from talkface.jobs.tabulate_table import tabulate_table
from talkface.reporting.tables.published import PUBLISHED
from talkface.reporting.tables.setting import Setting
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    samplers = snakemake.params.samplers.items()
    tabulate_table(
        scores=[Path(path) for path in snakemake.input.scores],
        split=Path(snakemake.input.split),
        histories=[Path(path) for path in snakemake.input.histories],
        published=PUBLISHED,
        name=snakemake.wildcards.table,
        table=Table.model_validate(snakemake.params.table),
        bounds=snakemake.params.bounds,
        setting=Setting.of_rule(snakemake.wildcards.experiment, snakemake.params),
        samplers={variant: Sampler.model_validate(sampler) for variant, sampler in samplers},
        perceptual=Perceptual.model_validate(snakemake.params.perceptual),
        csv=Path(snakemake.output.csv),
        markdown=Path(snakemake.output.markdown),
        tex=Path(snakemake.output.tex),
        content=Path(snakemake.output.content),
    )
