"""Rule encode_latents."""

from talkface.jobs.encode_latents import encode_latents
from talkface.runtime.binding import run

run(encode_latents, snakemake)
