"""Rule encode_first_faces."""

from talkface.jobs.encode_first_faces import encode_first_faces
from talkface.runtime.binding import run

run(encode_first_faces, snakemake)
