"""Rule disentangle_faces."""

from pathlib import Path

from talkface.config import Compute
from talkface.jobs.disentangle_faces import disentangle_faces
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    disentangle_faces(
        au_attention=Path(snakemake.input.au_attention),
        autoencoder=Path(snakemake.input.autoencoder),
        faces=Path(snakemake.input.faces),
        aus=Path(snakemake.input.aus),
        compute=Compute.model_validate(snakemake.params.compute),
        identities=Path(snakemake.output.identities),
    )
