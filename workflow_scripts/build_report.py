"""Rule build_report."""

from talkface.jobs.build_report import build_report
from talkface.runtime.binding import run

run(build_report, snakemake)
