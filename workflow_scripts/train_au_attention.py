"""Rule train_au_attention."""

from talkface.jobs.train_au_attention import train_au_attention
from talkface.runtime.binding import run

run(train_au_attention, snakemake)
