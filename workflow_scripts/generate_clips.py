"""Rule generate_clips."""

from pathlib import Path

from talkface.config import Compute, Evaluation, Mfcc, Sampler
from talkface.jobs.generate_clips import generate_clips
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    faces = snakemake.input.faces
    generate_clips(
        renderer=Path(snakemake.input.renderer),
        autoencoder=Path(snakemake.input.autoencoder),
        identities=Path(snakemake.input.identities),
        aus=[Path(path) for path in snakemake.input.aus],
        oracle_aus=snakemake.params.oracle_aus,
        mel=[Path(path) for path in snakemake.input.mel],
        faces=Path(faces[0]) if faces else None,
        split=Path(snakemake.input.split),
        speaker=snakemake.wildcards.speaker,
        driving="other_sound" if snakemake.wildcards.sound else "own",
        sampler=Sampler.model_validate(snakemake.params.sampler),
        evaluation=Evaluation.model_validate(snakemake.params.evaluation),
        mfcc=Mfcc.model_validate(snakemake.params.mfcc),
        crop_size=snakemake.params.crop_size,
        compute=Compute.model_validate(snakemake.params.compute),
        seed=int(snakemake.wildcards.seed),
        generated=Path(snakemake.output.generated),
    )
