"""Rule plot_contact_sheet."""

from pathlib import Path

from talkface.config import Evaluation, Gallery
from talkface.logs import log_to
from talkface.steps.plot_contact_sheet import plot_contact_sheet

with log_to(snakemake.log[0]):
    plot_contact_sheet(
        faces=[Path(path) for path in snakemake.input.faces],
        videos=[Path(path) for path in snakemake.input.videos],
        split=Path(snakemake.input.split),
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        gallery=Gallery.model_validate(snakemake.params.gallery),
        figure=Path(snakemake.output.figure),
    )
