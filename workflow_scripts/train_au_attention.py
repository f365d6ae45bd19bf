"""Rule train_au_attention."""

from pathlib import Path

from talkface.config import AuAttention, Compute
from talkface.jobs.train_au_attention import train_au_attention
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

place = snakemake.wildcards
with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    train_au_attention(
        split=Path(snakemake.input.split),
        faces=[Path(path) for path in snakemake.input.faces],
        aus=[Path(path) for path in snakemake.input.aus],
        crop_size=snakemake.params.crop_size,
        au_attention=AuAttention.model_validate(snakemake.params.au_attention),
        compute=Compute.model_validate(
            snakemake.params.compute | {"processes": snakemake.resources.processes}
        ),
        seed=int(place.seed),
        code=snakemake.params.code,
        model=Path(snakemake.output.model),
        history=Path(snakemake.output.history),
        # Not a param: the experiment's name has no part in what is learnt, and in the cache's key.
        work=Path("work", place.experiment, place.corpus, "au_attention", "shared", f"seed-{place.seed}"),
    )
