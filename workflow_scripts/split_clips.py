"""Rule split_clips."""

from pathlib import Path

from talkface.config import Split
from talkface.jobs.split_clips import split_clips
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    split_clips(
        clips=[Path(path) for path in snakemake.input.clips],
        checks=[Path(path) for path in snakemake.input.checks],
        sound_checks=[Path(path) for path in snakemake.input.sound_checks],
        split=Split.model_validate(snakemake.params.split),
        output=Path(snakemake.output.split),
    )
