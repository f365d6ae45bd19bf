"""Rule encode_masked_latents."""

from pathlib import Path

from talkface.config import Compute
from talkface.jobs.encode_latents import encode_latents
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    encode_latents(
        model=Path(snakemake.input.model),
        faces=Path(snakemake.input.faces),
        latents=Path(snakemake.output.latents),
        compute=Compute.model_validate(snakemake.params.compute),
        lower_half_hidden=True,
    )
