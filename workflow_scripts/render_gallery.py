"""Rule render_gallery."""

from talkface.jobs.render_gallery import render_gallery
from talkface.runtime.binding import run

run(render_gallery, snakemake)
