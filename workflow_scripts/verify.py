"""Rule verify."""

from pathlib import Path

from talkface.jobs.verify import verify
from talkface.runtime.logs import log_to

with log_to(snakemake.log[0]):
    found = verify(
        results=Path(snakemake.params.results),
        expected=[Path(path) for path in snakemake.params.expected],
        ledger=Path(snakemake.params.ledger),
        possible=[Path(path) for path in snakemake.params.possible],
    )
    print(found)  # the log's lines of level INFO do not reach the terminal
