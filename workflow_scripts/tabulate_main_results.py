"""Rule tabulate_main_results."""

from pathlib import Path

from talkface.config import Perceptual, Sampler
from talkface.jobs.tabulate_main_results import tabulate_main_results
from talkface.reporting.tables.published import PUBLISHED
from talkface.reporting.tables.setting import Setting
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    samplers = snakemake.params.samplers.items()
    tabulate_main_results(
        scores=[Path(path) for path in snakemake.input.scores],
        split=Path(snakemake.input.split),
        histories=[Path(path) for path in snakemake.input.histories],
        published=PUBLISHED,
        setting=Setting.of_rule(snakemake.wildcards.experiment, snakemake.params),
        samplers={variant: Sampler.model_validate(sampler) for variant, sampler in samplers},
        perceptual=Perceptual.model_validate(snakemake.params.perceptual),
        csv=Path(snakemake.output.csv),
        lips_csv=Path(snakemake.output.lips_csv),
        aus_csv=Path(snakemake.output.aus_csv),
        markdown=Path(snakemake.output.markdown),
        tex=Path(snakemake.output.tex),
        content=Path(snakemake.output.content),
    )
