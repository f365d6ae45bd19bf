"""Rule encode_masked_latents."""

from talkface.jobs.encode_masked_latents import encode_masked_latents
from talkface.runtime.binding import run

run(encode_masked_latents, snakemake)
