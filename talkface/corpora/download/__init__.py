"""Fetching GRID from its Zenodo record: describe, transfer, unpack, and a receipt of what came out.

``pooch`` and ``requests`` verify checksums, follow redirects and retry requests, but neither resumes a
partial file. So this package has ``transfer`` (HTTP ranges) and ``archive`` (a zip that can write nowhere but
into its own folder). Importing this package is light: the Snakefile asks it for names.
"""

from __future__ import annotations

from talkface.config import Corpus
from talkface.corpora.download.errors import DownloadError
from talkface.corpora.download.layout import speaker_of
from talkface.corpora.listing import natural

__all__ = ["DownloadError", "planned_speakers"]


def planned_speakers(corpus: Corpus) -> list[str]:
    """The speakers that ``corpus.download`` will bring, s2 before s10; their folders need not exist yet.

    Raises:
        DownloadError: the corpus has no source to download from, or is none that can be downloaded.
    """
    if corpus.download is None:
        raise DownloadError(
            f"corpus.download: not given, so there is nothing to download for corpus '{corpus.name}'; "
            "configs/grid.yaml has it for GRID (docs/download.md)"
        )
    if corpus.reader != "grid":
        raise DownloadError(
            f"corpus.download: only GRID can be downloaded, and corpus.reader is '{corpus.reader}'; "
            "docs/download.md says where other corpora's files go"
        )
    found = {speaker for archive in corpus.download.archives if (speaker := speaker_of(archive))}
    return sorted(found, key=natural)
