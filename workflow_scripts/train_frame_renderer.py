"""Rule train_frame_renderer."""

from pathlib import Path

from talkface.config import Compute, FrameRenderer, Mfcc, Perceptual
from talkface.jobs.train_frame_renderer import train_frame_renderer
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    perceptual = Perceptual.model_validate(snakemake.params.perceptual)
    train_frame_renderer(
        split=Path(snakemake.input.split),
        faces=[Path(path) for path in snakemake.input.faces],
        aus=[Path(path) for path in snakemake.input.aus],
        presence=[Path(path) for path in snakemake.input.presence],
        identities=[Path(path) for path in snakemake.input.identities],
        mel=[Path(path) for path in snakemake.input.mel],
        au_classifier=next(map(Path, snakemake.input.au_classifier), None),
        autoencoder=next(map(Path, snakemake.input.autoencoder), None),
        vgg19=perceptual.vgg19,
        vgg19_sha256=perceptual.vgg19_sha256,
        frame_renderer=FrameRenderer.model_validate(snakemake.params.frame_renderer),
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
