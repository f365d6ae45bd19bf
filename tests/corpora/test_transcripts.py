"""Transcripts: where they may lie, how they may be written, and what a damaged one costs."""

import logging

import pytest
from raw_folders import ALIGN, grid, put

from talkface.config import Corpus
from talkface.corpora import list_clips, list_speakers, listing_fingerprint


@pytest.mark.parametrize(
    "place",
    ["alignments/s1/a.align", "s1/align/a.align", "s1/a.align", "align/s1/A.align", "s1/alignments/a.ALIGN",
     "s1/transcripts/a.align", "transcripts/s1/a.align", "align/a.align", "alignments/a.align"],
)  # fmt: skip
def test_places_of_transcripts(tmp_path, place):
    put(tmp_path, "s1/a.mpg", "s2/b.mpg")
    corpus = grid(tmp_path)
    before = listing_fingerprint(corpus, "s1"), listing_fingerprint(corpus, "s2")
    put(tmp_path, place, content=ALIGN)
    assert len(list_clips(corpus, "s1")[0]["words"]) == 2
    assert list_speakers(corpus) == ["s1", "s2"]
    assert listing_fingerprint(corpus, "s1") != before[0]  # so that the clips are listed anew
    assert listing_fingerprint(corpus, "s2") == before[1]


def test_a_transcript_for_two_speakers_is_used_for_none(tmp_path, caplog):
    put(tmp_path, "s1/a.mpg", "s1/b.mpg", "s1/c.mpg", "s2/A.mkv", "s2/d.mpg")
    put(tmp_path, *(f"align/{name}.align" for name in "abcd"), content=ALIGN)
    put(tmp_path, "alignments/s1/b.align", content="0 25000 own\n")
    with caplog.at_level(logging.WARNING):
        words = [[word["word"] for word in row["words"]] for row in list_clips(grid(tmp_path), "s1")]
    assert words == [[], ["own"], ["bin", "blue"]]
    assert len(caplog.records) == 1 and "align/a.align" in caplog.text and "align/s1" in caplog.text
    before = listing_fingerprint(grid(tmp_path), "s1")
    put(tmp_path, "s2/c.mpg")  # now this one fits two clips too
    assert listing_fingerprint(grid(tmp_path), "s1") != before
    assert list_clips(grid(tmp_path), "s1")[2]["words"] == []


@pytest.mark.parametrize(
    "place", ["anna/hi.txt", "transcripts/anna/hi.txt", "anna/transcripts/hi.txt", "transcripts/hi.txt"]
)
def test_places_of_transcripts_of_a_plain_folder(tmp_path, place):
    put(tmp_path, "anna/hi.mp4", "ben/ho.mp4")
    put(tmp_path, place, content="0.5 0.9 hello\n")
    corpus = Corpus(reader="folder", root=tmp_path)
    assert list_speakers(corpus) == ["anna", "ben"]
    assert [word["word"] for word in list_clips(corpus, "anna")[0]["words"]] == ["hello"]


WRITINGS = {
    "seconds": ("0.3 0.7 bin\n0.7 1.1 blue\n", [(0.3, 0.7, "bin"), (0.7, 1.1, "blue")]),
    "labels": ("0.3\t0.7\tbin\n0.7\t1.1\tblue\n", [(0.3, 0.7, "bin"), (0.7, 1.1, "blue")]),
    "a label of two words": ("0.3\t1.0\tbin blue\n", [(0.3, 0.6, "bin"), (0.6, 1.0, "blue")]),
    "decimal commas": ("0,300000\t1,000000\tbin blue\r\n", [(0.3, 0.6, "bin"), (0.6, 1.0, "blue")]),
    "decimal commas and spaces": ("0,5 1 bin\n", [(0.5, 1.0, "bin")]),
    "labels without text": ("0.1\t0.2\t\n0.5\t1.0\tbin\n", [(0.5, 1.0, "bin")]),
    "a label of one moment": ("0.5\t0.5\tbin blue\n", [(0.5, 0.5, "bin"), (0.5, 0.5, "blue")]),
    "labels with frequencies": ("0.5\t1.0\tbin\n\\\t100.0\t4000.0\n", [(0.5, 1.0, "bin")]),
    "silences among labels": ("0\t0.5\tsil\n0.5\t1.0\tbin\n", [(0.5, 1.0, "bin")]),
    "old Mac lines and a mark": ("\ufeff0.5 1 bin\r1 1.5 blue\r", [(0.5, 1.0, "bin"), (1.0, 1.5, "blue")]),
    "columns": ("0.5 \t\t 1.0 \t bin\n", [(0.5, 1.0, "bin")]),
}


@pytest.mark.parametrize("kind", WRITINGS)
def test_writings_of_transcripts(tmp_path, kind):
    content, words = WRITINGS[kind]
    put(tmp_path, "anna/hi.mp4")
    (tmp_path / "anna/hi.txt").write_bytes(content.encode())
    found = list_clips(Corpus(reader="folder", root=tmp_path), "anna")[0]["words"]
    assert [word["word"] for word in found] == [word for *_, word in words]
    bounds = [(word["start_s"], word["end_s"]) for word in found]
    assert bounds == [pytest.approx((start, end)) for start, end, _ in words]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"0 1 bin\nbin blue at f two now\n", "line 2 is not 'start end word': 'bin blue at f two now'"),
        (b"0 1 bin\n\n1.000,5\t2\tblue\n", "line 3 does not begin with two numbers"),
        (b"0 1 bin\n1 2 gr\xfcn\n", "line 2 is not UTF-8"),
        ("0 1 bin\n".encode("utf-16"), "line 1 is not UTF-8"),
        (b'File type = "ooTextFile"\n', "line 1 is not 'start end word'"),
        (b"0.9\t0.3\tbin\n", "line 1 ends before it starts"),
        (b"00:01 00:02 bin\n", "line 1 does not begin with two numbers"),
    ],
)
def test_a_transcript_that_cannot_be_read_is_named_with_its_line(tmp_path, caplog, content, line):
    put(tmp_path, "anna/hi.mp4")
    (tmp_path / "anna/hi.txt").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert list_clips(Corpus(reader="folder", root=tmp_path), "anna")[0]["words"] == []
    assert "anna/hi.txt" in caplog.text and line in caplog.text and len(caplog.records) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"0 1000",
        b"a b c",
        b"2000 1000 bin",
        b"-5 1000 bin",
        b"nan nan bin",
        b"0 inf bin",
        b"\xff\xfe\x00",
        b"0 1 a b",
    ],
)
def test_a_malformed_transcript_costs_its_words_and_a_warning(tmp_path, caplog, content):
    put(tmp_path, "s1/a.mpg", "s1/b.mpg")
    put(tmp_path, "alignments/s1/b.align", content=ALIGN)
    (tmp_path / "alignments/s1/a.align").write_bytes(b"0 5000 sil\n" + content)
    with caplog.at_level(logging.WARNING):
        rows = list_clips(grid(tmp_path), "s1")
    assert [len(row["words"]) for row in rows] == [0, 2]
    assert "a.align" in caplog.text and len(caplog.records) == 1


def test_folder_transcripts_are_in_seconds(tmp_path):
    put(tmp_path, "anna/hello.MOV", "anna/talk.webm")
    put(tmp_path, "anna/hello.txt", content="0.5 0.9 hello\n\n1 1.5 World\n")
    rows = list_clips(Corpus(reader="folder", root=tmp_path), "anna")
    assert [row["clip"] for row in rows] == ["anna/hello", "anna/talk"]
    assert rows[0]["words"] == [
        {"start_s": 0.5, "end_s": 0.9, "word": "hello"},
        {"start_s": 1.0, "end_s": 1.5, "word": "World"},
    ]
