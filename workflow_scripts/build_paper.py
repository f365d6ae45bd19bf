"""Rule build_paper."""

from pathlib import Path

from talkface.logs import log_to
from talkface.reporting.page import STYLE
from talkface.reporting.paper_page import TEMPLATE
from talkface.reporting.published import PUBLISHED
from talkface.steps.build_paper import build_paper

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
