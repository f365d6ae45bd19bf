"""Rule plot_training."""

from pathlib import Path

from talkface.jobs.plot_training import plot_training
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    plot_training(
        histories=[Path(path) for path in snakemake.input.histories],
        figure=Path(snakemake.output.figure),
    )
