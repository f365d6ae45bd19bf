"""Rule take_networks."""

from talkface.jobs.take_networks import take_networks
from talkface.runtime.binding import run

run(take_networks, snakemake)
