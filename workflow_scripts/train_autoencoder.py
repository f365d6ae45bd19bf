"""Rule train_autoencoder."""

from pathlib import Path

from talkface.config import Autoencoder, Compute
from talkface.logs import log_to
from talkface.stages.train_autoencoder import train_autoencoder

with log_to(snakemake.log[0]):
    train_autoencoder(
        split=Path(snakemake.input.split),
        faces=[Path(path) for path in snakemake.input.faces],
        crop_size=snakemake.params.crop_size,
        autoencoder=Autoencoder.model_validate(snakemake.params.autoencoder),
        compute=Compute.model_validate(snakemake.params.compute),
        seed=int(snakemake.wildcards.seed),
        code=snakemake.params.code,
        model=Path(snakemake.output.model),
        history=Path(snakemake.output.history),
        work=Path(snakemake.params.work),
    )
