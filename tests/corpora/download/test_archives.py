"""What an archive may hold, and where it lies afterwards."""

import random
import stat
import zipfile
from functools import partial

import pytest

from download.fetching import ALIGNMENTS, NAMES, OTHERS, S1, corpus_of, fetch, refused, visible
from download.record_server import alignments_zip, clip_bytes, speaker_zip, zipped
from talkface import corpora
from talkface.corpora.download import DownloadError
from talkface.corpora.download.archive import Limits, unpack
from talkface.corpora.download.layout import destinations, owners

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
    "truncated": (speaker_zip("s1", NAMES)[:-60], "not a readable zip"),
    "beginning lost": (speaker_zip("s1", NAMES)[5000:], "not a readable zip"),
    "no zip": (b"<html>quota</html>" * 100, "not a readable zip"),
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
    assert "not a readable zip" in refused(server, root, limits=Limits(size_bytes=2_000_000))
    assert sum(path.stat().st_size for path in root.rglob("*.mpg")) <= 1000


def test_a_file_in_no_speakers_folder_is_refused(server, root):
    server.files["alignments.zip"] = zipped({"alignments/a.align": b""})
    assert "not in a speaker's folder" in refused(server, root, "alignments.zip")


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
