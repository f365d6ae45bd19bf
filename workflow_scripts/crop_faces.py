"""Rule crop_faces."""

from talkface.jobs.crop_faces import crop_faces
from talkface.runtime.binding import run

run(crop_faces, snakemake)
