"""A corpus on the local server, its download, and what is seen of it."""

from dataclasses import replace

import pytest

from talkface.config import Corpus, Download
from talkface.corpora.download import DownloadError
from talkface.corpora.download.transfer import Patience
from talkface.jobs.download_archive import download_archive

NAMES = ["bbaf2n", "lwbz9p", "swiu3a"]
OTHERS = ["prwq3s", "sgib8n", "lbax4n"]
HURRIED = Patience(connect_s=10, read_s=10, retries=3, backoff_s=0.01)
IMPATIENT = replace(HURRIED, read_s=1.5)


def corpus_of(server, root, **download) -> Corpus:
    return Corpus(
        name="grid",
        root=root,
        download=Download(**{"record": server.record, "archives": sorted(server.files)} | download),
    )


def receipt_of(root, archive):
    return root / ".receipts" / f"{archive}.json"


def fetch(server, root, archive="s1.zip", limits=None, patience=HURRIED, **download) -> None:
    corpus = corpus_of(server, root, **download)
    download_archive(
        corpus=corpus, archive=archive, receipt=receipt_of(root, archive), patience=patience, limits=limits
    )


def refused(server, root, archive="s1.zip", **others) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch(server, root, archive, **others)
    message = str(caught.value)
    assert "\n" not in message
    assert not receipt_of(root, archive).exists()
    return message


def visible(root) -> list[str]:
    """What a reader of the corpus could see."""
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if not path.parts[0].startswith("."))


def partials(root) -> list:
    return list(root.glob(".downloads/*/*.partial"))


S1 = [f"s1/{name}.mpg" for name in NAMES]
ALIGNMENTS = [f"alignments/s1/{name}.align" for name in NAMES]
