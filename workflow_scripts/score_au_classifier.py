"""Rule score_au_classifier."""

from pathlib import Path

from talkface.config import Compute, Evaluation
from talkface.jobs.score_au_classifier import score_au_classifier
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    score_au_classifier(
        model=Path(snakemake.input.model),
        faces=[Path(path) for path in snakemake.input.faces],
        aus=[Path(path) for path in snakemake.input.aus],
        split=Path(snakemake.input.split),
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        compute=Compute.model_validate(snakemake.params.compute),
        scores=Path(snakemake.output.scores),
    )
