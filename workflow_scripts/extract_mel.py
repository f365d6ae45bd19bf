"""Rule extract_mel."""

from pathlib import Path

from talkface.config import Mel, validate
from talkface.jobs.extract_mel import extract_mel
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]), measured(snakemake.log[0]):
    extract_mel(
        corpus=validate(snakemake.config).corpus,
        speaker=snakemake.wildcards.speaker,
        clips=Path(snakemake.input.clips),
        checks=Path(snakemake.input.checks),
        mel=Mel.model_validate(snakemake.params.mel),
        mel_table=Path(snakemake.output.mel),
        sound_checks=Path(snakemake.output.sound_checks),
    )
