"""Rule plot_table."""

from pathlib import Path

from talkface.jobs.plot_table import plot_table
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    plot_table(
        csv=Path(snakemake.input.csv),
        columns=snakemake.params.columns,
        figure=Path(snakemake.output.figure),
    )
