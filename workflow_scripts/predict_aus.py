"""Rule predict_aus."""

from pathlib import Path

from talkface.config import Compute, Mfcc
from talkface.jobs.predict_aus import predict_aus
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    predict_aus(
        model=Path(snakemake.input.model),
        mel=Path(snakemake.input.mel),
        checks=Path(snakemake.input.checks),
        mfcc=Mfcc.model_validate(snakemake.params.mfcc),
        compute=Compute.model_validate(snakemake.params.compute),
        au_features=Path(snakemake.output.au_features),
    )
