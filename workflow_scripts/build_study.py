"""Rule build_study."""

from talkface.jobs.build_study import build_study
from talkface.runtime.binding import run

run(build_study, snakemake)
