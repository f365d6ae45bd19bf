"""Rule train_autoencoder."""

from talkface.jobs.train_autoencoder import train_autoencoder
from talkface.runtime.binding import run

run(train_autoencoder, snakemake)
