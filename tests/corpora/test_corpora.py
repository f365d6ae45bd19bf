"""Listing real folders: layouts, flaws, odd names, refusals."""

import csv
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from raw_folders import ALIGN, grid, put

from talkface.artifacts.schemas import CLIPS
from talkface.artifacts.tables import read_table
from talkface.config import Corpus, Synthetic
from talkface.corpora import CorpusError, clip_path, list_clips, list_speakers, listing_fingerprint
from talkface.jobs.list_clips import list_clips as list_clips_rule
from talkface.media.audio import read_audio
from talkface.media.video import probe, read_frames


def names(corpus: Corpus, speaker: str = "s1") -> list[str]:
    return [row["utterance"] for row in list_clips(corpus, speaker)]


def test_speakers_are_in_natural_order_and_other_folders_are_none(tmp_path):
    put(
        tmp_path,
        "s10/a.mpg",
        "s2/a.mpg",
        "s1/a.mpg",
        "alignments/s1/a.align",
        "truth/s1/a.parquet",
        ".git/x.mpg",
    )
    put(tmp_path, "README.md", "stray.mpg")
    assert list_speakers(grid(tmp_path)) == ["s1", "s2", "s10"]
    assert list_speakers(grid(tmp_path, speakers=["s10", "s2"])) == ["s10", "s2"]
    assert list_speakers(Corpus(reader="folder", root=tmp_path)) == ["s1", "s2", "s10"]


def test_a_synthetic_corpus_need_not_exist(tmp_path):
    corpus = grid(tmp_path / "absent", synthetic=Synthetic(speakers=11))
    assert list_speakers(corpus) == [f"s{number}" for number in range(1, 12)]
    assert list_speakers(corpus.model_copy(update={"speakers": ["s3"]})) == ["s3"]
    with pytest.raises(CorpusError, match="s12"):
        list_speakers(corpus.model_copy(update={"speakers": ["s12"]}))
    assert listing_fingerprint(corpus, "s1") == listing_fingerprint(corpus, "s2")
    assert not (tmp_path / "absent").exists()


def refusal(corpus: Corpus) -> str:
    with pytest.raises(CorpusError) as caught:
        list_speakers(corpus)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_unusable_roots_are_refused_in_one_line(tmp_path):
    assert "does not exist" in refusal(grid(tmp_path / "no\nwhere"))
    put(tmp_path, "file")
    assert "not a folder" in refusal(grid(tmp_path / "file"))
    (tmp_path / "empty").mkdir()
    assert "is empty" in refusal(grid(tmp_path / "empty"))
    put(tmp_path, "deep/s1/video/a.mpg", "deep/s2/notes.txt")
    assert "no clips in 2 folders such as 's1'" in refusal(grid(tmp_path / "deep"))
    (tmp_path / "disk" / "lost+found").mkdir(parents=True)
    assert "no clips in its only folder 'lost+found'" in refusal(grid(tmp_path / "disk"))
    put(tmp_path, "good/s1/a.mpg")
    assert "['s2']" in refusal(grid(tmp_path / "good", speakers=["s1", "s2"]))
    assert "once" in refusal(grid(tmp_path / "good", speakers=["s1", "s1"]))
    assert "once" in refusal(grid(tmp_path / "good", speakers=[]))


@pytest.mark.parametrize("name", ["a b", "a.b", "-a", "ünï", "a\nb", "{a}", "a'b", "a%b", "_a"])
def test_speakers_that_cannot_be_wildcards_are_refused_by_name(tmp_path, name):
    put(tmp_path, "s1/a.mpg", f"{name}/a.mpg")
    message = refusal(grid(tmp_path))
    assert repr(name) in message and "rename it" in message
    assert "corpus.speakers" in refusal(grid(tmp_path, speakers=["s1", name]))
    assert list_speakers(grid(tmp_path, speakers=["s1"])) == ["s1"]  # the others need not be touched


LAYOUTS = {
    "grid": "{}/{}.mpg",
    "folder": "{}/{}.mp4",
    "tcd_timit": "volunteers/{}/Clips/straightcam/{}.mp4",
}
NO_SPEAKERS = {
    "disk check": ["lost+found/"],
    "network storage": ["@eaDir/a.mpg/SYNOVIDEO_VIDEO_SCREENSHOT.jpg", "#recycle/desktop.ini"],
    "archive of a Mac": ["__MACOSX/s1/._a.mpg", "__MACOSX/._s1", "__MACOSX/._a.mpg"],
    "notebooks": [".ipynb_checkpoints/a-checkpoint.ipynb", "my notebooks/a.ipynb"],
    "transcripts": ["align/a.align", "transcripts/a.txt", "labels (old)/s1/a.txt"],
    "thumbnails": ["Thumbs/a.jpg", "Thumbs.db/x", "s1.thumbs/a.mpg/a.png"],
    "Windows": ["$RECYCLE.BIN/S-1-5-21/a.mpg", "System Volume Information/IndexerVolumeGuid"],
    "links": ["docs -> ../elsewhere"],
}


@pytest.mark.parametrize("reader", LAYOUTS)
@pytest.mark.parametrize("kind", NO_SPEAKERS)
def test_folders_without_clips_are_no_speakers(tmp_path, caplog, reader, kind):
    root = tmp_path / "corpus"
    for speaker in ("s10", "s2"):
        put(root, LAYOUTS[reader].format(speaker, "a"))
    beside = root / "volunteers" if reader == "tcd_timit" else root
    (tmp_path / "elsewhere").mkdir()
    for name in NO_SPEAKERS[kind]:
        if " -> " in name:
            link, target = name.split(" -> ")
            (beside / link).symlink_to(tmp_path / target.removeprefix("../"))
        elif name.endswith("/"):
            (beside / name).mkdir()
        else:
            put(beside, name)
    corpus = Corpus(reader=reader, root=root)
    with caplog.at_level(logging.WARNING):
        assert list_speakers(corpus) == ["s2", "s10"]
    expected = {name.split(" -> ")[0].split("/")[0] for name in NO_SPEAKERS[kind]}
    shown = {name for name in expected if not name.startswith(".")}  # hidden ones need no word
    assert len(caplog.records) == 1 and "hold no clips" in caplog.text
    assert all(repr(name) in caplog.text for name in shown)
    assert list_speakers(corpus, quiet=True) == ["s2", "s10"] and len(caplog.records) == 1


@pytest.mark.parametrize("reader", LAYOUTS)
@pytest.mark.parametrize("name", ["@eaDir", "lost+found", "#recycle"])
def test_a_folder_with_clips_is_a_speaker_or_refused(tmp_path, reader, name):
    put(tmp_path, LAYOUTS[reader].format("s1", "a"), LAYOUTS[reader].format(name, "a"))
    message = refusal(Corpus(reader=reader, root=tmp_path))
    assert repr(name) in message and "rename it, or move it out" in message


def test_many_folders_without_clips_are_counted(tmp_path, caplog):
    put(tmp_path, "s1/a.mpg", *(f"notes {number}/a.txt" for number in range(15)))
    with caplog.at_level(logging.WARNING):
        assert list_speakers(grid(tmp_path)) == ["s1"]
    assert "'notes 9'" in caplog.text and "and 5 more" in caplog.text and "'notes 10'" not in caplog.text


@pytest.mark.parametrize("reader", LAYOUTS)
def test_a_folder_that_may_not_be_listed(as_nobody, reader):
    """One that cannot be a speaker's is left out; any other may be one, so it is named."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        root = Path(name)
        root.chmod(0o755)
        put(root, LAYOUTS[reader].format("s1", "a"))
        put(root, f"align/a.{'align' if reader == 'grid' else 'txt'}", content="1 2 bin\n")
        groups = ["volunteers", "lipspeakers"]
        for folder in groups if reader == "tcd_timit" else ["."]:
            (root / folder).mkdir(exist_ok=True)
            (root / folder / "lost+found").mkdir(mode=0o700)
        beside = root / "volunteers" if reader == "tcd_timit" else root
        code = (
            "import sys; from pathlib import Path; from talkface.config import Corpus; "
            "from talkface.corpora import list_clips, list_speakers; "
            f"corpus = Corpus(reader={reader!r}, root=Path(sys.argv[1]), groups={groups}); "
            "print(list_speakers(corpus), len(list_clips(corpus, 's1')[0]['words']))"
        )
        words = [*as_nobody, sys.executable, "-c", code, name]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.stdout.strip() == "['s1'] 1", done.stderr
        assert "'lost+found' (may not be listed)" in done.stderr
        (beside / "s2").mkdir(mode=0o700)
        done = subprocess.run(words, capture_output=True, text=True)
        assert "s2" in done.stderr and "cannot be listed: Permission denied" in done.stderr


def test_groups_of_tcd_timit_may_each_have_such_a_folder(tmp_path):
    for group in ("volunteers", "lipspeakers"):
        put(tmp_path, f"{group}/@eaDir/Clips/x.jpg")
    put(tmp_path, "volunteers/01M/Clips/straightcam/a.mp4", "lipspeakers/L1/Clips/straightcam/a.mp4")
    corpus = Corpus(reader="tcd_timit", root=tmp_path, groups=["volunteers", "lipspeakers"])
    assert list_speakers(corpus) == ["01M", "L1"]


def test_six_thousand_speakers_are_listed_in_a_moment(tmp_path):
    for number in range(6000):
        folder = tmp_path / f"s{number}"
        folder.mkdir()
        (folder / "a.mpg").touch()
    began = time.process_time()
    assert len(list_speakers(grid(tmp_path))) == 6000
    assert time.process_time() - began < 2


def test_rows_fit_the_schema_and_paths_lead_to_the_files(tmp_path):
    put(tmp_path, "s1/bbaf2n.mpg", "s1/lower.MPG", "s1/zz.mkv", "s1/notes.doc", "s1/.hidden.mpg")
    put(tmp_path, "alignments/s1/bbaf2n.align", content=ALIGN)
    (tmp_path / "s1" / "folder.mpg").mkdir()
    corpus = grid(tmp_path)
    list_clips_rule(corpus=corpus, speakers=["s1"], clips=tmp_path / "out" / "s1.parquet")
    rows = read_table(tmp_path / "out" / "s1.parquet", CLIPS).to_pylist()
    assert [row["clip"] for row in rows] == ["s1/bbaf2n", "s1/lower", "s1/zz"]
    assert all(clip_path(corpus, row["path"]).stat().st_size == row["size_bytes"] == 1 for row in rows)
    assert [word["word"] for word in rows[0]["words"]] == ["bin", "blue"]
    assert [word["start_s"] for word in rows[0]["words"]] == pytest.approx([0.4, 1.0])
    assert [word["end_s"] for word in rows[0]["words"]] == pytest.approx([0.8, 2.0])
    assert rows[1]["words"] == rows[2]["words"] == []


def test_a_speaker_without_clips_gives_an_empty_table(tmp_path):
    put(tmp_path, "s1/a.mpg")
    (tmp_path / "s2").mkdir()
    assert list_speakers(grid(tmp_path, speakers=["s1", "s2"])) == ["s1", "s2"]
    list_clips_rule(corpus=grid(tmp_path), speakers=["s2"], clips=tmp_path / "s2.parquet")
    table = read_table(tmp_path / "s2.parquet", CLIPS)
    assert table.num_rows == 0 and table.schema.equals(CLIPS.columns)
    with pytest.raises(CorpusError, match="s3"):
        list_clips_rule(corpus=grid(tmp_path), speakers=["s3"], clips=tmp_path / "s3.parquet")


def test_of_two_containers_the_mpg_is_taken_and_the_other_named(tmp_path, caplog):
    put(tmp_path, "s1/a.mkv", "s1/a.mpg", "s1/a.mp4")
    with caplog.at_level(logging.WARNING):
        rows = list_clips(grid(tmp_path), "s1")
    assert [row["path"] for row in rows] == ["s1/a.mpg"]
    assert "a.mkv" in caplog.text and "a.mp4" in caplog.text


def test_clips_may_be_limited_evenly(tmp_path):
    put(tmp_path, *(f"s1/u{number:02d}.mpg" for number in range(10)))
    assert names(grid(tmp_path, max_clips_per_speaker=5)) == ["u00", "u02", "u04", "u06", "u08"]
    assert names(grid(tmp_path, max_clips_per_speaker=3)) == ["u00", "u03", "u06"]
    assert len(names(grid(tmp_path, max_clips_per_speaker=99))) == 10


def test_odd_names_links_and_loops(tmp_path):
    odd = ["-dash", "a b", "q\"'", "two\nlines", "ünï😀", "100%d", "$(x)", "dot.ted"]
    put(tmp_path, *(f"s1/{name}.mpg" for name in odd))
    (tmp_path / "s1" / "gone.mpg").symlink_to(tmp_path / "nowhere.mpg")
    (tmp_path / "s1" / "self.mpg").symlink_to(tmp_path / "s1" / "self.mpg")
    (tmp_path / "s1" / "up").symlink_to(tmp_path)
    (tmp_path / "s2").symlink_to(tmp_path / "s2")
    (tmp_path / "s3").symlink_to(tmp_path / "s1")
    os.mkfifo(tmp_path / "s1" / "pipe.mpg")
    corpus = grid(tmp_path)
    assert list_speakers(corpus) == ["s1", "s3"]
    list_clips_rule(corpus=corpus, speakers=["s1"], clips=tmp_path / "t.parquet")
    rows = read_table(tmp_path / "t.parquet", CLIPS).to_pylist()
    assert {row["utterance"] for row in rows} == {*odd, "gone", "self", "pipe"}
    assert {row["size_bytes"] for row in rows if row["utterance"] in ("gone", "self", "pipe")} == {0}
    assert all(clip_path(corpus, row["path"]).is_file() for row in rows if row["utterance"] in odd)


def test_a_name_that_is_no_text_is_refused_by_name(tmp_path):
    put(tmp_path, "s1/a.mpg")
    (tmp_path / "s1" / os.fsdecode(b"b\xff.mpg")).write_text("x")
    with pytest.raises(CorpusError, match=r"UTF-8"):
        list_clips(grid(tmp_path), "s1")


def test_the_fingerprint_follows_clips_and_transcripts(tmp_path):
    put(tmp_path, "s1/a.mpg", "s1/b.mpg", "s2/a.mpg")
    corpus = grid(tmp_path)
    seen = [listing_fingerprint(corpus, "s1")]
    put(tmp_path, "s2/b.mpg", "s1/notes.txt")
    assert listing_fingerprint(corpus, "s1") == seen[0]
    for change in ("s1/c.mpg", "alignments/s1/c.align"):
        put(tmp_path, change)
        seen.append(listing_fingerprint(corpus, "s1"))
    put(tmp_path, "s1/c.mpg", content="longer")
    seen.append(listing_fingerprint(corpus, "s1"))
    (tmp_path / "s1/a.mpg").unlink()
    seen.append(listing_fingerprint(corpus, "s1"))
    assert len(set(seen)) == 5


def test_a_thousand_clips_are_listed_at_once(tmp_path):
    put(tmp_path, *(f"s1/u{number:04d}.mpg" for number in range(1000)))
    put(tmp_path, *(f"alignments/s1/u{number:04d}.align" for number in range(1000)), content=ALIGN)
    began = time.process_time()  # other work on the machine does not count
    assert len(list_speakers(grid(tmp_path))) == 1
    assert len(names(grid(tmp_path))) == 1000
    assert time.process_time() - began < 2


def test_the_snakefile_can_import_it_cheaply():
    code = (
        "import sys, talkface.corpora; heavy = {'torch', 'pandas', 'numpy', 'pyarrow', 'cv2', "
        "'snakemake'} & set(sys.modules); print(sorted(heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.real
def test_every_real_clip_is_listed(real_clips):
    corpus = grid(real_clips / "grid")
    speakers = list_speakers(corpus)
    assert speakers[:3] == ["s1", "s2", "s3"] and speakers[-1] == "s30" and "s18" in speakers
    rows = [row for speaker in speakers for row in list_clips(corpus, speaker)]
    with (real_clips / "SOURCES.csv").open(newline="") as file:
        sources = [row["path"] for row in csv.DictReader(file)]
    assert {f"grid/{row['path']}" for row in rows} == {path for path in sources if path.startswith("grid/s")}
    aligned = {
        path.removeprefix("grid/alignments/").removesuffix(".align") for path in sources if "align" in path
    }
    for row in rows:
        assert len(row["words"]) == (6 if row["clip"] in aligned else 0), row["clip"]
        assert all(0 < word["start_s"] < word["end_s"] <= 3 for word in row["words"])


@pytest.mark.real
def test_a_plain_folder_of_real_clips_is_listed_and_decoded(real_clips, tmp_path):
    """Portrait and odd sizes, 30 and 25 fps: sound as long as the picture, on the picture's clock."""
    folders = {"aa011": "aa011.mpg", "demo1": "demo1_video.mp4", "demo2": "demo2_video.mp4"}
    for speaker, name in folders.items():
        (tmp_path / speaker).mkdir()
        (tmp_path / speaker / name).symlink_to(real_clips / "clips" / name)
    corpus = Corpus(reader="folder", root=tmp_path)
    assert list_speakers(corpus) == list(folders)
    for speaker, name in folders.items():
        [row] = list_clips(corpus, speaker)
        assert row["path"] == f"{speaker}/{name}" and row["size_bytes"] > 10_000 and row["words"] == []
        path = clip_path(corpus, row["path"])
        info = probe(path)
        shapes = {frame.shape for frame in read_frames(path, max_frames=26)}
        assert shapes == {(info.height, info.width, 3)}
        samples = read_audio(path, num_frames=26)
        assert len(samples) == 26 * 640 and samples.any()
    whole = list_clips(Corpus(reader="folder", root=real_clips), "clips")
    assert [row["utterance"] for row in whole] == ["aa011", "demo1_video", "demo2_video"]
