"""Rule build_paper."""

from pathlib import Path

from talkface.jobs.build_paper import build_paper
from talkface.reporting.pages.page import STYLE
from talkface.reporting.pages.paper_page import TEMPLATE
from talkface.reporting.tables.published import PUBLISHED
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    build_paper(
        contents=[Path(path) for path in snakemake.input.contents],
        figures=[Path(path) for path in snakemake.input.figures],
        published=PUBLISHED,
        template=TEMPLATE,
        style=STYLE,
        experiment=snakemake.wildcards.experiment,
        corpus=snakemake.wildcards.corpus,
        page=Path(snakemake.output.page),
    )
