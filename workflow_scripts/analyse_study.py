"""Rule analyse_study."""

from talkface.jobs.analyse_study import analyse_study
from talkface.runtime.binding import run

run(analyse_study, snakemake)
