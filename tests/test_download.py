"""GRID's download against a real local server: faults of the network, of the server and of the archives."""

import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from functools import partial

import pytest
import yaml
from record_server import ALIGN, Fault, alignments_zip, clip_bytes, serving, speaker_zip, zipped
from workspace import make_workspace, scheduled, snakemake

from talkface import corpora
from talkface.config import Corpus, Download
from talkface.corpora.download import DownloadError, planned_speakers
from talkface.corpora.download.archive import Limits, unpack
from talkface.corpora.download.layout import destinations, owners
from talkface.corpora.download.record import find_file
from talkface.corpora.download.transfer import Patience
from talkface.steps.download_archive import download_archive

NAMES = ["bbaf2n", "lwbz9p", "swiu3a"]
OTHERS = ["prwq3s", "sgib8n", "lbax4n"]
HURRIED = Patience(connect_s=10, read_s=10, retries=3, backoff_s=0.01)
IMPATIENT = replace(HURRIED, read_s=1.5)


@pytest.fixture
def server():
    with serving({"s1.zip": speaker_zip("s1", NAMES), "alignments.zip": alignments_zip({"s1": NAMES})}) as it:
        yield it


@pytest.fixture
def root(tmp_path):
    return tmp_path / "outer" / "grid"


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


# The whole path


def test_clips_and_transcripts_lie_in_grids_layout(server, root):
    fetch(server, root)
    fetch(server, root, "alignments.zip")
    assert visible(root) == sorted(S1 + ALIGNMENTS)
    assert (root / S1[1]).read_bytes() == clip_bytes(1, 100_000)
    assert (root / ALIGNMENTS[0]).read_text() == ALIGN
    corpus = corpus_of(server, root)
    assert corpora.list_speakers(corpus) == ["s1"]
    rows = corpora.list_clips(corpus, "s1")
    assert [row["path"] for row in rows] == S1 and all(row["words"] for row in rows)


def test_the_receipt_lists_what_came_from_where(server, root):
    fetch(server, root)
    receipt = json.loads(receipt_of(root, "s1.zip").read_text())
    assert receipt["files"] == dict.fromkeys(S1, 100_000)
    assert receipt["md5"] == server.md5("s1.zip")
    assert receipt["url"] == f"{server.record}/files/s1.zip/content"
    assert not list((root / ".downloads").iterdir()), "the archive is not kept"


def test_a_second_run_asks_for_nothing_and_a_lost_clip_is_fetched_again(server, root):
    fetch(server, root)
    asked = len(server.asked)
    fetch(server, root)
    assert len(server.asked) == asked
    before = (root / S1[1]).stat().st_mtime_ns
    (root / S1[0]).unlink()
    fetch(server, root)
    assert visible(root) == S1
    assert (root / S1[1]).stat().st_mtime_ns == before, "times are the archive's: no listing changes"


def test_another_address_of_the_same_files_fetches_no_archive(server, root):
    fetch(server, root)
    served = server.served["s1.zip"]
    with serving(server.files) as mirror:
        fetch(mirror, root)
        assert mirror.served["s1.zip"] == 0 and server.served["s1.zip"] == served
        assert json.loads(receipt_of(root, "s1.zip").read_text())["record"] == mirror.record


def test_a_changed_archive_replaces_what_the_last_one_left(server, root):
    fetch(server, root)
    (root / "s1" / "notes.txt").write_text("mine")
    server.files["s1.zip"] = speaker_zip("s1", [NAMES[0], "new"], size=70_000)
    (root / S1[1]).unlink()
    fetch(server, root)
    assert visible(root) == [S1[0], "s1/new.mpg", "s1/notes.txt"]
    assert (root / S1[0]).stat().st_size == 70_000


# The network and the server


def test_a_cut_connection_is_resumed_where_it_ended(server, root):
    size = len(server.files["s1.zip"])
    server.fail("s1.zip", Fault(cut_after=100_000), Fault(cut_after=50_000), Fault(cut_after=1))
    fetch(server, root)
    assert server.ranges("s1.zip") == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-"]
    assert server.served["s1.zip"] == size, "not one byte twice"
    assert visible(root) == S1


def test_a_later_run_resumes_what_an_earlier_one_left(server, root):
    server.fail("s1.zip", Fault(cut_after=120_000), Fault(cut_after=0, forever=True))
    assert "120000 bytes are kept" in refused(server, root)
    assert [path.stat().st_size for path in partials(root)] == [120_000]
    server.fail("s1.zip")
    fetch(server, root)
    assert server.ranges("s1.zip")[-1] == "bytes=120000-"
    assert server.served["s1.zip"] == len(server.files["s1.zip"])


def test_a_part_of_another_version_is_not_resumed(server, root):
    server.fail("s1.zip", Fault(cut_after=120_000), Fault(cut_after=0, forever=True))
    refused(server, root)
    server.fail("s1.zip")
    server.files["s1.zip"] = speaker_zip("s1", NAMES, size=90_000)
    fetch(server, root)
    assert server.ranges("s1.zip")[-1] is None and (root / S1[0]).stat().st_size == 90_000


def test_a_server_without_ranges_starts_anew(server, root):
    server.fail("s1.zip", Fault(cut_after=100_000), Fault(ignore_range=True))
    fetch(server, root)
    assert server.ranges("s1.zip") == [None, "bytes=100000-"]
    assert server.served["s1.zip"] == 100_000 + len(server.files["s1.zip"])
    assert visible(root) == S1


def test_a_server_that_never_gets_further_is_given_up(server, root):
    server.fail("s1.zip", Fault(cut_after=1000, ignore_range=True, forever=True))
    assert "run again to go on" in refused(server, root)
    assert len(server.ranges("s1.zip")) == 1 + 1 + HURRIED.retries


def test_an_answer_with_another_range_is_refused(server, root):
    server.fail("s1.zip", Fault(cut_after=1000), Fault(wrong_range=True))
    assert "another range" in refused(server, root)


def test_passing_server_errors_are_waited_out(server, root):
    server.fail("s1.zip", Fault(status=500), Fault(status=503))
    server.fail("record", Fault(status=500), Fault(status=500))
    fetch(server, root)
    assert visible(root) == S1


def test_lasting_server_errors_end_with_their_number(server, root):
    server.fail("s1.zip", Fault(status=503, forever=True))
    assert "503" in refused(server, root)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_told_at_once(server, root, status):
    server.fail("s1.zip", Fault(status=status, forever=True))
    assert str(status) in refused(server, root)
    assert len(server.ranges("s1.zip")) == 1


@pytest.mark.parametrize("off", [5000, -5000])
def test_a_wrong_content_length_is_survived(server, root, off):
    server.fail("s1.zip", Fault(extra_length=off))
    fetch(server, root)
    assert visible(root) == S1


def test_a_redirect_is_followed(server, root):
    server.fail("s1.zip", Fault(redirect=True), Fault(cut_after=1000), Fault(redirect=True))
    fetch(server, root)
    assert server.ranges("s1.zip") == [None, None, "bytes=1000-", "bytes=1000-"]
    assert visible(root) == S1


def test_a_silent_server_is_asked_again(server, root):
    server.fail("s1.zip", Fault(stall_after=100_000))
    fetch(server, root, patience=IMPATIENT)
    assert server.ranges("s1.zip") == [None, "bytes=100000-"]


def test_a_slow_server_is_waited_for(server, root):
    server.fail("s1.zip", Fault(pause_s=0.1))
    began = time.monotonic()
    fetch(server, root, patience=IMPATIENT)
    assert time.monotonic() - began > IMPATIENT.read_s, "slower than the time-out of a silence"
    assert server.ranges("s1.zip") == [None]


def test_nobody_there(server, root):
    assert re.search(
        r"127\.0\.0\.1:9/.*refused", refused(server, root, record="http://127.0.0.1:9/api/records/7")
    )


# What arrives is not what was published


def test_a_turned_byte_is_refused_and_nothing_unpacked(server, root):
    server.fail("s1.zip", Fault(corrupt=150_000))
    message = refused(server, root)
    assert server.md5("s1.zip") in message and "MD5" in message
    assert visible(root) == [] and not partials(root)
    fetch(server, root)  # no loop: what was damaged is gone
    assert server.ranges("s1.zip") == [None, None] and visible(root) == S1


def test_a_damaged_part_is_not_resumed_for_ever(server, root):
    server.fail("s1.zip", Fault(cut_after=100_000, corrupt=10), Fault(cut_after=0, forever=True))
    refused(server, root)
    server.fail("s1.zip")
    assert "MD5" in refused(server, root)
    fetch(server, root)
    assert visible(root) == S1


def test_a_file_that_is_too_long_is_refused_before_it_fills_the_disk(server, root):
    server.fail("s1.zip", Fault(surplus=50_000_000))
    assert "bytes, the record says" in refused(server, root)
    assert not partials(root) and visible(root) == []


def test_a_file_that_is_shorter_than_its_record_says(server, root):
    server.description = server.describe()
    server.description["files"][0]["size"] += 1
    assert "the record says" in refused(server, root)  # asked beyond its end, the server says 416


def test_a_whole_part_of_unknown_size_is_recognised(server, root):
    server.description = server.describe()
    del server.description["files"][0]["size"]
    folder = root / ".downloads" / "s1.zip"
    folder.mkdir(parents=True)
    (folder / f"s1.zip.{server.md5('s1.zip')[:8]}.partial").write_bytes(server.files["s1.zip"])
    fetch(server, root)
    assert server.served["s1.zip"] == 0 and visible(root) == S1


@pytest.mark.parametrize("damaged", [False, True])
def test_an_archive_that_lies_there_is_taken_if_it_is_whole(server, root, damaged):
    folder = root / ".downloads" / "s1.zip"
    folder.mkdir(parents=True)
    (folder / "s1.zip").write_bytes(server.files["s1.zip"][damaged:])
    fetch(server, root)
    assert visible(root) == S1 and bool(server.served["s1.zip"]) == damaged


# The record's description


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


# Archives with the right checksum and the wrong content


def special(name: str, kind: int, data: bytes = b"/etc/passwd") -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info, data


def encrypted() -> bytes:
    data = bytearray(zipped({"s1/a.mpg": b"x"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def with_name(name: bytes, stand_in: str = "s1/EVIL.mpg") -> bytes:
    """An entry whose name ``zipfile`` would not write."""
    assert len(name) == len(stand_in)
    return zipped({"s1/a.mpg": b"x", stand_in: b"x"}).replace(stand_in.encode(), name)


def with_wrong_crc() -> bytes:
    data = zipped({"s1/a.mpg": b"x" * 100})
    at = data.index(b"PK\x01\x02") + 16
    return data[:at] + bytes(4) + data[at + 4 :]


GOOD = ("s1/a.mpg", b"x")
BAD_ARCHIVES = {
    "climbs": (zipped([GOOD, ("../evil.mpg", b"x")]), "outside"),
    "climbs inside": (zipped([GOOD, ("s1/../../../evil.mpg", b"x")]), "outside"),
    "climbs though not wanted": (zipped([GOOD, ("s1/../evil.txt", b"x")]), "outside"),
    "absolute": (zipped([GOOD, ("/tmp/evil.mpg", b"x")]), "outside"),
    "backslash": (with_name(b"s1\\EVIL.mpg"), "backslash"),
    "drive": (with_name(b"c:/EVIL.mpg", "ss/EVIL.mpg"), "drive"),
    "NUL": (with_name(b"s1/E.mpg\0pg"), "NUL"),
    "link": (zipped([GOOD, special("s1/b.mpg", stat.S_IFLNK)]), "link"),
    "link to a folder": (zipped([special("s1", stat.S_IFLNK, b"/tmp"), GOOD]), "link"),
    "device": (zipped([GOOD, special("s1/b.mpg", stat.S_IFCHR)]), "device"),
    "pipe": (zipped([GOOD, special("s1/b.mpg", stat.S_IFIFO)]), "device"),
    "twice": (zipped([GOOD, GOOD]), "twice"),
    "twice in two folders": (zipped([GOOD, ("video/s1/a.mpg", b"y")]), "same file"),
    "case": (zipped([GOOD, ("s1/A.mpg", b"y")]), "same file"),
    "another speaker": (zipped([GOOD, ("s2/a.mpg", b"y")]), "belongs to speaker s2"),
    "no clips": (zipped([("s1/readme.txt", b"x")]), "neither clips nor transcripts"),
    "empty": (zipped([]), "neither"),
    "truncated": (speaker_zip("s1", NAMES)[:-60], "not a zip"),
    "beginning lost": (speaker_zip("s1", NAMES)[5000:], "not a zip"),
    "no zip": (b"<html>quota</html>" * 100, "not a zip"),
    "encrypted": (encrypted(), "encrypted"),
    "wrong CRC": (with_wrong_crc(), "CRC"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_a_bad_archive_is_refused_whole(server, root, name):
    server.files["s1.zip"], reason = BAD_ARCHIVES[name]
    assert reason in refused(server, root)
    assert visible(root) == []
    around = {path.name for path in root.parent.parent.rglob("*")}
    assert not [name for name in around if "evil" in name.lower() or "passwd" in name]
    assert {path.name for path in root.iterdir()} == {".downloads"}
    served = server.served["s1.zip"]
    assert reason in refused(server, root), "the archive is the published one: it is kept, and judged again"
    assert server.served["s1.zip"] == served


def test_damage_anywhere_in_a_zip_is_one_clear_refusal(tmp_path):
    """Turned bytes: either every file comes out below the folder, or one line says that it cannot be read."""
    sound = zipped({f"s1/{name}.mpg": clip_bytes(0, 60) + bytes(200) for name in NAMES})
    archive, folder = tmp_path / "s1.zip", tmp_path / "deep" / "unpacked"
    place = partial(destinations, archive="s1.zip", clips={})
    refusals = 0
    for seed in range(100):
        chosen = random.Random(seed)
        data = bytearray(sound)
        for _ in range(chosen.randint(1, 3)):
            data[chosen.randrange(len(data))] = chosen.randrange(256)
        archive.write_bytes(data)
        folder.parent.mkdir(exist_ok=True)
        try:
            unpack(archive, folder, place, Limits(size_bytes=100_000))
        except DownloadError as error:
            refusals += 1
            assert "\n" not in str(error)
        assert {path.name for path in tmp_path.iterdir()} == {"s1.zip", "deep"}
        assert {path.name for path in folder.parent.iterdir()} <= {"unpacked"}
    assert refusals > 40


@pytest.mark.parametrize("limits", [Limits(size_bytes=2_000_000), Limits(files=1)])
def test_an_archive_that_unpacks_to_too_much_is_refused(server, root, limits):
    server.files["s1.zip"] = zipped({"s1/a.mpg": bytes(2_000_000), "s1/b.mpg": bytes(2_000_000)})
    assert len(server.files["s1.zip"]) < 10_000, "a bomb"
    assert "more than the limit" in refused(server, root, limits=limits)
    assert visible(root) == []


def test_a_declared_size_that_is_too_small_does_not_get_past_the_limit(server, root):
    data = zipped({"s1/a.mpg": bytes(3_000_000)})
    at = data.index(b"PK\x01\x02") + 24
    server.files["s1.zip"] = data[:at] + (1000).to_bytes(4, "little") + data[at + 4 :]
    assert "not a zip" in refused(server, root, limits=Limits(size_bytes=2_000_000))
    assert sum(path.stat().st_size for path in root.rglob("*.mpg")) <= 1000


def test_a_file_in_no_speakers_folder_is_refused(server, root):
    server.files["alignments.zip"] = zipped({"alignments/a.align": b""})
    assert "no speaker's folder" in refused(server, root, "alignments.zip")


# Layouts


@pytest.mark.parametrize("prefix", ["", "./", "grid/video/", "grid/s1/video/mpg_6000/"])
def test_any_prefix_leads_to_the_same_layout(server, root, prefix):
    server.files["s1.zip"] = zipped(
        [
            (f"{prefix}s1/", b""),
            *((f"{prefix}s1/{name}.mpg", b"x") for name in NAMES),
            ("__MACOSX/s1/._bbaf2n.mpg", b"junk"),
            (f"{prefix}s1/.DS_Store", b"junk"),
            ("readme.pdf", b"x"),
        ]
    )
    fetch(server, root)
    assert visible(root) == S1


@pytest.mark.parametrize("prefix", ["", "s1/video/mpg_6000/"])
def test_clips_without_their_own_folder_belong_to_the_archives_speaker(server, root, prefix):
    server.files["s1.zip"] = zipped({f"{prefix}{name}.mpg": b"x" for name in NAMES})
    fetch(server, root)
    assert visible(root) == S1


@pytest.mark.parametrize("prefix", ["alignments/", "", "alignments/alignments/"])
def test_transcripts_lie_in_alignments(server, root, prefix):
    server.files["alignments.zip"] = alignments_zip({"s1": NAMES}, prefix)
    fetch(server, root, "alignments.zip")
    assert visible(root) == ALIGNMENTS


def test_exchanged_transcripts_go_to_the_speakers_whose_clips_they_fit(server, root, caplog):
    server.files |= {"s2.zip": speaker_zip("s2", OTHERS, 10)}
    server.files["alignments.zip"] = alignments_zip({"s1": OTHERS, "s2": NAMES, "s3": ["bbaf2n", "x", "y"]})
    fetch(server, root)
    fetch(server, root, "s2.zip")
    fetch(server, root, "alignments.zip")
    assert [path for path in visible(root) if "/s1/" in path] == ALIGNMENTS
    assert "folder 's2' is unpacked as 's1'" in caplog.text
    corpus = corpus_of(server, root)
    assert all(row["words"] for speaker in ("s1", "s2") for row in corpora.list_clips(corpus, speaker))
    assert (root / "alignments" / "s3" / "x.align").exists()


def test_transcripts_are_sorted_anew_when_speakers_come(server, root):
    server.files |= {"s2.zip": speaker_zip("s2", OTHERS, 10)}
    server.files["alignments.zip"] = alignments_zip({"s1": OTHERS, "s2": NAMES})
    fetch(server, root, "alignments.zip")
    assert f"alignments/s2/{NAMES[0]}.align" in visible(root), "nobody contradicts"
    fetch(server, root)
    fetch(server, root, "alignments.zip")
    folders = {path.split("/")[1] for path in visible(root) if path.startswith("alignments")}
    assert folders == {"s1", "s1_unmatched"}
    fetch(server, root, "s2.zip")
    fetch(server, root, "alignments.zip")
    transcripts = [f"alignments/s2/{name}.align" for name in sorted(OTHERS)]
    assert visible(root) == sorted([*S1, *ALIGNMENTS, *transcripts, *(f"s2/{name}.mpg" for name in OTHERS)])


def test_one_chain_of_wrong_names_is_put_right():
    said = {f"s{n}": {f"u{n}_{i}" for i in range(10)} for n in (10, 11, 12, 13, 20)}
    shifted = {
        "s13": "s10",
        "s10": "s11",
        "s11": "s12",
        "s12": "s13",
        "s21": "s20",
    }  # as reported of Zenodo's
    published = {folder: said[speaker] for folder, speaker in shifted.items()}
    assert owners(published, said) == shifted
    assert owners(said, said) == {name: name for name in said}
    assert owners(published, {}) == {name: name for name in published}


# What lies there already


def test_own_files_beside_are_left_alone(server, root):
    (root / "s1").mkdir(parents=True)
    (root / "s1" / "mine.mpg").write_bytes(b"mine")
    (root / S1[0]).write_bytes(b"half a clip, unpacked by hand")
    fetch(server, root)
    assert visible(root) == sorted([*S1, "s1/mine.mpg"])
    assert (root / S1[0]).stat().st_size == 100_000


@pytest.mark.parametrize("kind", ["link", "dangling link", "file"])
def test_a_link_in_the_way_is_not_followed(server, root, tmp_path, kind):
    root.mkdir(parents=True)
    outside = tmp_path / "outside"
    if kind == "file":
        (root / "s1").write_text("a file")
    else:
        (root / "s1").symlink_to(outside)
    if kind == "link":
        outside.mkdir()
    assert "in the way" in refused(server, root)
    assert not outside.exists() or not list(outside.iterdir())


# Killed, and full


def started(server, root) -> subprocess.Popen:
    code = (
        "from pathlib import Path; import sys; from talkface.config import Corpus, Download;"
        "from talkface.steps.download_archive import download_archive as d;"
        "root = Path(sys.argv[2]);"
        "d(corpus=Corpus(root=root, download=Download(record=sys.argv[1], archives=['s1.zip'])),"
        "  archive='s1.zip', receipt=root / '.receipts/s1.zip.json')"
    )
    return subprocess.Popen([sys.executable, "-c", code, server.record, str(root)])


def killed_when(process: subprocess.Popen, reached) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_download_goes_on(server, root):
    server.fail("s1.zip", Fault(pause_s=0.1, forever=True))
    process = started(server, root)
    killed_when(process, lambda: any(path.stat().st_size > 50_000 for path in partials(root)))
    [partial] = partials(root)
    arrived = partial.stat().st_size
    assert visible(root) == [] and 50_000 < arrived < len(server.files["s1.zip"])
    server.fail("s1.zip")
    fetch(server, root)
    assert server.ranges("s1.zip") == [None, f"bytes={arrived}-"] and visible(root) == S1


def test_a_killed_unpacking_leaves_nothing_half(server, root):
    many = [f"u{number:05d}" for number in range(1500)]
    server.files["s1.zip"] = speaker_zip("s1", many, size=3)
    process = started(server, root)
    unpacked = root / ".downloads" / "s1.zip" / "unpacked" / "s1"
    killed_when(process, lambda: unpacked.is_dir() and len(os.listdir(unpacked)) > 20)
    assert len(visible(root)) in (0, 1500), "all or nothing"
    assert not receipt_of(root, "s1.zip").exists()
    fetch(server, root)
    assert len(visible(root)) == 1500 and server.served["s1.zip"] == len(server.files["s1.zip"])


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("known", [True, False], ids=["size known", "size unknown"])
def test_a_full_disk_is_named(server, small_disk, known):
    server.files["s1.zip"] = speaker_zip("s1", NAMES, size=300_000)
    server.description = server.describe()
    if not known:
        del server.description["files"][0]["size"]
    message = refused(server, small_disk)
    assert "full" in message and str(small_disk) in message
    assert (server.served["s1.zip"] == 0) == known


def test_a_disk_too_small_for_what_is_unpacked(server, small_disk):
    server.files["s1.zip"] = zipped({"s1/a.mpg": bytes(1_000_000)})
    assert "make room" in refused(server, small_disk)
    assert visible(small_disk) == []


# The target


@pytest.mark.slow
def test_the_target_brings_a_corpus_that_is_not_there_yet(server, root, tmp_path):
    """From nothing to plannable features, over a damaged first answer that Snakemake's retry makes good."""
    server.files |= {"s2.zip": speaker_zip("s2", OTHERS)}
    server.files["alignments.zip"] = alignments_zip({"s1": OTHERS, "s2": NAMES})
    server.fail("s1.zip", Fault(corrupt=150_000))
    workspace = make_workspace(tmp_path / "workflow")
    here = {
        "corpus": {"download": {"record": server.record, "archives": sorted(server.files)}},
        "split": "here",
        "splits": {"here": {"seen": ["s1"], "unseen": ["s2"]}},
    }
    (workspace / "configs" / "here.yaml").write_text(yaml.safe_dump(here))
    overlay = (
        "--configfile",
        "config.yaml",
        "configs/grid.yaml",
        "configs/here.yaml",
        "--config",
        f"root={root}",
    )

    done = snakemake(workspace, "--cores", "2", "--", "download", overlay=overlay)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "MD5" in done.stdout, "the first attempt says why it failed"
    expected = {f"{s}/{name}.mpg" for s, names in (("s1", NAMES), ("s2", OTHERS)) for name in names}
    expected |= {path.replace("mpg", "align").replace("s", "alignments/s", 1) for path in expected}
    assert set(visible(root)) == expected

    asked = len(server.asked)
    done = snakemake(workspace, "--cores", "2", "--", "download", overlay=overlay)
    assert "Nothing to be done" in done.stdout and len(server.asked) == asked
    assert scheduled(workspace, "--", "features", overlay=overlay)["list_clips"] == 2
    done = snakemake(workspace, "--cores", "1", "--", "download")
    assert done.returncode != 0 and "error: corpus.download: not given" in done.stdout
