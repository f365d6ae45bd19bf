"""Rule train_au_classifier."""

from pathlib import Path

from talkface.config import AuClassifier, Compute
from talkface.logs import log_to
from talkface.stages.train_au_classifier import train_au_classifier

with log_to(snakemake.log[0]):
    train_au_classifier(
        split=Path(snakemake.input.split),
        faces=[Path(path) for path in snakemake.input.faces],
        aus=[Path(path) for path in snakemake.input.aus],
        crop_size=snakemake.params.crop_size,
        au_classifier=AuClassifier.model_validate(snakemake.params.au_classifier),
        compute=Compute.model_validate(snakemake.params.compute),
        seed=int(snakemake.wildcards.seed),
        code=snakemake.params.code,
        model=Path(snakemake.output.model),
        history=Path(snakemake.output.history),
        work=Path(snakemake.params.work),
    )
