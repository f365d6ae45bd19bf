"""Rule predict_aus."""

from talkface.jobs.predict_aus import predict_aus
from talkface.runtime.binding import run

run(predict_aus, snakemake)
