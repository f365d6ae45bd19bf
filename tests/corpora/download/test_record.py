"""The record's description, in every shape that its server has had, and the config's section."""

import pytest

from download.fetching import S1, corpus_of, fetch, refused, visible
from talkface.config import Corpus, Download
from talkface.corpora.download import DownloadError, planned_speakers
from talkface.corpora.download.record import find_file


def described(name="s1.zip", **entry) -> object:
    known = {"key": name, "checksum": "md5:" + "0a" * 16, "size": 9, "links": {"self": "https://z/s1"}}
    return known | entry


SHAPES = {
    "now": {"files": [described()]},
    "before 2023": {"files": [described(bucket="b", type="zip")]},
    "deposit": {
        "files": [
            {"filename": "s1.zip", "filesize": 9, "checksum": "0A" * 16, "links": {"self": "https://z/s1"}}
        ]
    },
    "deposit with download": {
        "files": [described(links={"self": "https://z/about", "download": "https://z/s1"})]
    },
    "files of a record": {
        "enabled": True,
        "entries": [described(links={"self": "https://z/about", "content": "https://z/s1"})],
    },
    "InvenioRDM": {"files": {"enabled": True, "entries": {"s1.zip": described()}}},
    "InvenioRDM, unnamed": {
        "files": {"entries": {"s1.zip": {k: v for k, v in described().items() if k != "key"}}}
    },
    "relative": {"files": [described(links={"self": "/s1"})]},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_each_generation_of_the_api_is_understood(shape):
    found = find_file(shape, "https://z/api/records/7", "s1.zip")
    assert (found.url, found.md5, found.size_bytes) == ("https://z/s1", "0a" * 16, 9)


@pytest.mark.parametrize(
    "shape", [{}, [], {"files": []}, {"files": {"enabled": False}}, {"message": "gone"}, "no"]
)
def test_a_record_without_files_says_so(shape):
    with pytest.raises(DownloadError, match=r"no file 's1\.zip'.*restricted"):
        find_file(shape, "https://z", "s1.zip")


def test_a_missing_file_is_answered_with_those_that_there_are(server, root):
    message = refused(server, root, "s2.zip", archives=["s2.zip"])
    assert "alignments.zip, s1.zip" in message and server.record in message


def test_checksums_from_elsewhere_must_agree(server, root):
    message = refused(server, root, md5={"s1.zip": "0" * 32})
    assert "corpus.download.md5" in message and server.ranges("s1.zip") == []
    fetch(server, root, md5={"s1.zip": server.md5("s1.zip")})


def test_without_any_checksum_nothing_is_fetched(server, root):
    server.description = server.describe()
    del server.description["files"][0]["checksum"]
    assert "corpus.download.md5.s1.zip" in refused(server, root)
    fetch(server, root, md5={"s1.zip": server.md5("s1.zip")})
    assert visible(root) == S1


def test_a_web_page_instead_of_a_description(server, root):
    server.description = b"<html>a record</html>"
    with pytest.raises(DownloadError, match=r"not JSON; give the API's address"):
        fetch(server, root)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"archives": ["../s1.zip"]}, "archives"),
        ({"archives": ["s1.tar"]}, "archives"),
        ({"archives": []}, "archives"),
        ({"record": "file:///etc/passwd"}, "record"),
        ({"md5": {"s1.zip": "abc"}}, "md5"),
        ({"md5": {"s9.zip": "0" * 32}}, "s9.zip"),
    ],
)
def test_a_wrong_section_is_refused(wrong, named):
    with pytest.raises(ValueError, match=named):
        Download(**{"record": "https://z", "archives": ["s1.zip"]} | wrong)


def test_other_corpora_are_not_downloaded(server, root):
    with pytest.raises(DownloadError, match=r"corpus\.download: not given"):
        planned_speakers(Corpus())
    elsewhere = corpus_of(server, root).model_copy(update={"reader": "tcd_timit"})
    with pytest.raises(DownloadError, match="only GRID"):
        planned_speakers(elsewhere)
    assert planned_speakers(corpus_of(server, root, archives=["s10.zip", "s2.zip", "alignments.zip"])) == [
        "s2",
        "s10",
    ]
