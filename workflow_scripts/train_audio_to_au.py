"""Rule train_audio_to_au."""

from talkface.jobs.train_audio_to_au import train_audio_to_au
from talkface.runtime.binding import run

run(train_audio_to_au, snakemake)
