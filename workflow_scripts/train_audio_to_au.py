"""Rule train_audio_to_au."""

from pathlib import Path

from talkface.config import AudioToAu, Compute, Mfcc
from talkface.jobs.train_audio_to_au import train_audio_to_au
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

place = snakemake.wildcards
with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    train_audio_to_au(
        split=Path(snakemake.input.split),
        mel=[Path(path) for path in snakemake.input.mel],
        aus=[Path(path) for path in snakemake.input.aus],
        audio_to_au=AudioToAu.model_validate(snakemake.params.audio_to_au),
        mfcc=Mfcc.model_validate(snakemake.params.mfcc),
        compute=Compute.model_validate(
            snakemake.params.compute | {"processes": snakemake.resources.processes}
        ),
        seed=int(place.seed),
        code=snakemake.params.code,
        model=Path(snakemake.output.model),
        history=Path(snakemake.output.history),
        # Not a param: the experiment's name has no part in what is learnt, and in the cache's key.
        work=Path("work", place.experiment, place.corpus, "audio_to_au", "shared", f"seed-{place.seed}"),
    )
