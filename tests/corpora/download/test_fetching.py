"""GRID's download against a real local server: the whole path, and faults of network and server."""

import json
import re
import time

import pytest
import yaml
from workspace import make_workspace, scheduled, snakemake

from download.fetching import (
    ALIGNMENTS,
    HURRIED,
    IMPATIENT,
    NAMES,
    OTHERS,
    S1,
    corpus_of,
    fetch,
    partials,
    receipt_of,
    refused,
    visible,
)
from download.record_server import ALIGN, Fault, alignments_zip, clip_bytes, serving, speaker_zip
from talkface import corpora

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
    assert "run again to resume" in refused(server, root)
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
    assert scheduled(workspace, "--", "features", overlay=overlay)["list_clips"] == 1, (
        "two tiny speakers share a shard"
    )
    done = snakemake(workspace, "--cores", "1", "--", "download")
    assert done.returncode != 0 and "error: corpus.download: not given" in done.stdout
