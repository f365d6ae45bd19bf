"""Rule train_renderer."""

from pathlib import Path

from talkface.config import Compute, Mfcc, Renderer
from talkface.jobs.train_renderer import train_renderer
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    train_renderer(
        split=Path(snakemake.input.split),
        latents=[Path(path) for path in snakemake.input.latents],
        masked_latents=[Path(path) for path in snakemake.input.masked_latents],
        aus=[Path(path) for path in snakemake.input.aus],
        identities=[Path(path) for path in snakemake.input.identities],
        mel=[Path(path) for path in snakemake.input.mel],
        renderer=Renderer.model_validate(snakemake.params.renderer),
        mfcc=Mfcc.model_validate(snakemake.params.mfcc),
        crop_size=snakemake.params.crop_size,
        compute=Compute.model_validate(
            snakemake.params.compute | {"processes": snakemake.resources.processes}
        ),
        seed=int(snakemake.wildcards.seed),
        code=snakemake.params.code,
        model=Path(snakemake.output.model),
        history=Path(snakemake.output.history),
        work=Path(snakemake.params.work),
    )
