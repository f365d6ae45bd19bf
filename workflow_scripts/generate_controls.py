"""Rule generate_controls."""

from pathlib import Path

from talkface.config import Compute, Evaluation
from talkface.jobs.generate_controls import generate_controls
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    weights = snakemake.input.get("autoencoder")
    generate_controls(
        method=snakemake.wildcards.control,
        protocol=snakemake.wildcards.protocol,
        faces=Path(snakemake.input.faces),
        landmarks=Path(snakemake.input.landmarks),
        split=Path(snakemake.input.split),
        autoencoder=Path(weights[0]) if weights else None,
        speaker=snakemake.wildcards.speaker,
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        compute=Compute.model_validate(snakemake.params.compute),
        generated=Path(snakemake.output.generated),
    )
