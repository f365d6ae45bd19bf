"""Score tables of a method that were finished before, kept under ``work/``.

A job scores a method by all metrics, and Snakemake removes all outputs of a job that runs again. So the job
keeps a copy of each table with its identity, and takes it where nothing that the scores rest on has changed:
after an edit of one metric it computes that metric alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from talkface.artifacts.atomic import replacing
from talkface.artifacts.schemas import SCORES
from talkface.artifacts.tables import TableError, read_metadata, read_table


class KeptScores:
    """The kept tables of one method: ``folder/{metric}.parquet``."""

    def __init__(self, folder: Path):
        self._folder = folder

    def path(self, metric: str) -> Path:
        """Where the table of a metric is kept."""
        return self._folder / f"{metric}.parquet"

    def has(self, metric: str, identity: Mapping[str, Any], data: Mapping[str, str]) -> bool:
        """Whether the kept table is whole and was computed by the same code from the same data.

        ``identity``, ``data``: as the metadata of the table name them.
        """
        path = self.path(metric)
        if not path.is_file():
            return False
        try:
            metadata = read_metadata(path)
            read_table(path, SCORES)
        except TableError:  # computed anew
            return False
        return bool(metadata.get("identity") == identity and metadata.get("data") == data)

    def publish(self, metric: str, scores: Path) -> None:
        """Copy the kept table to where the workflow expects it."""
        with replacing(scores) as temporary:
            shutil.copyfile(self.path(metric), temporary)
