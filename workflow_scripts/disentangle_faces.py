"""Rule disentangle_faces."""

from talkface.jobs.disentangle_faces import disentangle_faces
from talkface.runtime.binding import run

run(disentangle_faces, snakemake)
