"""Rule ``download_archive``: one archive of a Zenodo record, from the web to the corpus' layout."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

from talkface.config import Corpus
from talkface.corpora.download import planned_speakers
from talkface.corpora.download.archive import Limits, publish, unpack
from talkface.corpora.download.layout import clips_below, destinations, speaker_of
from talkface.corpora.download.receipt import Receipt, read_receipt, remove_stale, write_receipt
from talkface.corpora.download.record import find_file
from talkface.corpora.download.transfer import Patience, fetch_file, fetch_json, open_session
from talkface.runtime.binding import OfConfig
from talkface.runtime.lock import die_with_snakemake, exclusive

logger = logging.getLogger(__name__)


def download_archive(
    *,
    corpus: Annotated[Corpus, OfConfig()],
    archive: str,
    receipt: Path,
    patience: Patience | None = None,
    limits: Limits | None = None,
) -> None:
    """Fetch, verify and unpack one archive under ``corpus.root``, and write its receipt last.

    Under a receipt whose files are all there nothing is fetched. The archive is deleted once it is unpacked:
    the receipt keeps its address and checksum.

    Args:
        corpus: its ``download`` section says which record.
        archive: a file of the record, ``sN.zip`` or ``alignments.zip``.
        receipt: the target; a ``talkface.corpora.download.receipt.Receipt``.
        patience: with the server; None: as for Zenodo.
        limits: what an archive may unpack to; None: well above GRID's.

    Raises:
        DownloadError: nothing to download, or it failed for good; the message says what to do.
        BusyError: another process is fetching the same archive.
    """
    planned_speakers(corpus)  # refuses a corpus that cannot be downloaded
    root = corpus.root.expanduser()
    work = root / ".downloads" / archive
    die_with_snakemake()
    with exclusive(work, f"download of {archive}"):
        # Transcripts are matched with the clips that are here, so they are unpacked anew when speakers come.
        clips = {} if speaker_of(archive) else clips_below(root)
        before = read_receipt(receipt)
        intact = before if before and before.speakers == sorted(clips) and before.is_intact(root) else None
        if intact and _says_the_same(intact, corpus):
            logger.info("%s: all %d files are here already", archive, len(intact.files))
            signed = intact
        else:
            signed = _fetch(corpus, archive, intact, clips, patience or Patience(), limits or Limits())
        if before is not None:
            remove_stale(root, before, signed.files)
        write_receipt(receipt, signed)
        shutil.rmtree(work)


def _says_the_same(receipt: Receipt, corpus: Corpus) -> bool:
    """Records do not change: an intact receipt of the same record needs no look at the web."""
    assert corpus.download is not None
    known = corpus.download.md5.get(receipt.archive, receipt.md5)
    return receipt.record == corpus.download.record and receipt.md5 == known


def _fetch(
    corpus: Annotated[Corpus, OfConfig()],
    archive: str,
    intact: Receipt | None,
    clips: Mapping[str, set[str]],
    patience: Patience,
    limits: Limits,
) -> Receipt:
    assert corpus.download is not None
    record, root = corpus.download.record, corpus.root.expanduser()
    work = root / ".downloads" / archive
    with open_session(patience) as session:
        description = fetch_json(session, record, patience)
        source = find_file(description, record, archive, corpus.download.md5.get(archive))
        if intact and intact.md5 == source.md5:  # the same file, published elsewhere
            files = intact.files
        else:
            path = fetch_file(session, source, work, patience)
            place = partial(destinations, archive=archive, clips=clips)
            files = unpack(path, work / "unpacked", place, limits)
            publish(work / "unpacked", root)
            logger.info("%s: %d files under '%s'", archive, len(files), root)
    return Receipt(
        archive=archive, record=record, url=source.url, md5=source.md5, speakers=sorted(clips), files=files
    )
