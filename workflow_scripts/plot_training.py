"""Rule plot_training."""

from pathlib import Path

from talkface.logs import log_to
from talkface.steps.plot_training import plot_training

with log_to(snakemake.log[0]):
    plot_training(
        histories=[Path(path) for path in snakemake.input.histories],
        figure=Path(snakemake.output.figure),
    )
