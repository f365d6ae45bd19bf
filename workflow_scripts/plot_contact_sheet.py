"""Rule plot_contact_sheet."""

from talkface.jobs.plot_contact_sheet import plot_contact_sheet
from talkface.runtime.binding import run

run(plot_contact_sheet, snakemake)
