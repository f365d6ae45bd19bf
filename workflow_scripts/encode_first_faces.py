"""Rule encode_first_faces."""

from pathlib import Path

from talkface.config import Compute
from talkface.jobs.encode_first_faces import encode_first_faces
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    encode_first_faces(
        autoencoder=Path(snakemake.input.autoencoder),
        faces=Path(snakemake.input.faces),
        identities=Path(snakemake.output.identities),
        compute=Compute.model_validate(snakemake.params.compute),
    )
