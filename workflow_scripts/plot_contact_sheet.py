"""Rule plot_contact_sheet."""

from pathlib import Path

from talkface.config import Evaluation, Gallery
from talkface.jobs.plot_contact_sheet import plot_contact_sheet
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    plot_contact_sheet(
        faces=[Path(path) for path in snakemake.input.faces],
        videos=[Path(path) for path in snakemake.input.videos],
        split=Path(snakemake.input.split),
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        gallery=Gallery.model_validate(snakemake.params.gallery),
        figure=Path(snakemake.output.figure),
    )
