"""A record with one speaker's clips and transcripts, and the folder that they are fetched into."""

import pytest

from download.fetching import NAMES
from download.record_server import alignments_zip, serving, speaker_zip


@pytest.fixture
def server():
    with serving({"s1.zip": speaker_zip("s1", NAMES), "alignments.zip": alignments_zip({"s1": NAMES})}) as it:
        yield it


@pytest.fixture
def root(tmp_path):
    return tmp_path / "outer" / "grid"
