"""Rule build_report."""

from pathlib import Path

from talkface.config import Evaluation, Gallery
from talkface.jobs.build_report import build_report
from talkface.reporting.pages.page import STYLE, TEMPLATE
from talkface.reporting.tables.published import PUBLISHED
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    build_report(
        main_results=Path(snakemake.input.main_results),
        corpus_summary=Path(snakemake.input.corpus_summary),
        training=Path(snakemake.input.training),
        masks=Path(snakemake.input.masks),
        aus=Path(snakemake.input.aus),
        lips=Path(snakemake.input.lips),
        contact_sheet=Path(snakemake.input.contact_sheet),
        videos=[Path(path) for path in snakemake.input.videos],
        split=Path(snakemake.input.split),
        published=PUBLISHED,
        template=TEMPLATE,
        style=STYLE,
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        results=Path(snakemake.params.results),
        gallery=Gallery.model_validate(snakemake.params.gallery),
        page=Path(snakemake.output.page),
    )
