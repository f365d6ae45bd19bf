"""Rule render_gallery."""

from pathlib import Path

from talkface.config import Evaluation, Gallery, validate
from talkface.jobs.render_gallery import render_gallery
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    render_gallery(
        generated=[Path(path) for path in snakemake.input.generated],
        faces=[Path(path) for path in snakemake.input.faces],
        clips=[Path(path) for path in snakemake.input.clips],
        split=Path(snakemake.input.split),
        method=snakemake.wildcards.variant,
        driving="other_sound" if snakemake.wildcards.sound else "own",
        corpus=validate(snakemake.config).corpus,
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        gallery=Gallery.model_validate(snakemake.params.gallery),
        videos=[Path(path) for path in snakemake.output.videos],
    )
