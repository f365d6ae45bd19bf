"""TCD-TIMIT: its layout and splits, the demo in its layout, the clock from 29.97 to 25 frames a second."""

import itertools
import logging
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import REPOSITORY

from talkface.artifacts.schemas import AU_TRUTH, CLIPS
from talkface.artifacts.tables import read_frame, read_table
from talkface.config import Config, Corpus, Faces, Synthetic, merge, validate
from talkface.corpora import CorpusError, clip_path, list_clips, list_speakers, listing_fingerprint
from talkface.corpora.synthetic.corpus import encode_clip, make_speaker, sentences_of
from talkface.corpora.synthetic.layouts import LAYOUTS
from talkface.features.faces import FaceMesh
from talkface.features.landmarks import lip_opening
from talkface.jobs.generate_corpus import generate_corpus
from talkface.jobs.list_clips import list_clips as list_clips_rule
from talkface.media.audio import read_audio
from talkface.media.video import probe, read_frames

SAMPLES = "0 8000 she\n8000 16000 had\n16000 40000 suits\n"
STRAIGHT = "volunteers/01M/Clips/straightcam"


def put(root: Path, *names: str, content: str = "x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def tcd(root: Path, **fields) -> Corpus:
    return Corpus(name="c", reader="tcd_timit", root=root, **fields)


@pytest.fixture
def root(tmp_path) -> Path:
    put(tmp_path, f"{STRAIGHT}/sa1.mp4", f"{STRAIGHT}/sx3.mp4", "volunteers/01M/Clips/30degcam/sa1.mp4")
    put(tmp_path, f"{STRAIGHT}/SA1.txt", content=SAMPLES)
    put(tmp_path, "volunteers/10M/Clips/straightcam/sa1.mp4", "volunteers/02F/Clips/straightcam/sa2.mp4")
    put(tmp_path, "lipspeakers/Lipspkr1/Clips/straightcam/sa1.mp4")
    put(
        tmp_path,
        f"{STRAIGHT}/.sa9.mp4",
        f"{STRAIGHT}/._SX3.txt",
        "volunteers/.DS_Store",
        "volunteers/README.txt",
    )
    return tmp_path


# --- the reader --------------------------------------------------------------------------------------------


def test_groups_cameras_and_transcripts(root):
    assert list_speakers(tcd(root)) == ["01M", "02F", "10M"]
    assert list_speakers(tcd(root, groups=["lipspeakers", "volunteers"]))[0] == "Lipspkr1"
    rows = list_clips(tcd(root), "01M")
    assert [row["path"] for row in rows] == [f"{STRAIGHT}/sa1.mp4", f"{STRAIGHT}/sx3.mp4"]
    assert [row["clip"] for row in rows] == ["01M/sa1", "01M/sx3"]
    assert [word["word"] for word in rows[0]["words"]] == ["she", "had", "suits"]
    assert rows[0]["words"][2]["end_s"] == pytest.approx(2.5)
    assert rows[1]["words"] == []
    [turned] = list_clips(tcd(root, camera="30degcam"), "01M")
    assert turned["path"] == "volunteers/01M/Clips/30degcam/sa1.mp4"
    assert len(turned["words"]) == 3  # both cameras film the same sentence: its transcript serves
    assert clip_path(tcd(root), turned["path"]).is_file()


@pytest.mark.parametrize(
    "place", [f"{STRAIGHT}/sx3.TXT", f"{STRAIGHT}/Sx3.Txt", "volunteers/01M/SX3.txt",
              "volunteers/01M/Clips/SX3.txt", "volunteers/01M/Transcripts/SX3.txt", "alignments/01M/sx3.txt"]
)  # fmt: skip
def test_transcripts_are_found_whatever_their_letters_and_place(root, place):
    put(root, place, content=SAMPLES)
    assert len(list_clips(tcd(root), "01M")[1]["words"]) == 3


def test_folders_of_other_letters_are_read(tmp_path):
    put(tmp_path, "Volunteers/01M/clips/Straightcam/SA1.MP4")
    assert list_speakers(tcd(tmp_path)) == ["01M"]
    assert [row["clip"] for row in list_clips(tcd(tmp_path), "01M")] == ["01M/SA1"]


def test_a_speaker_without_the_camera_gives_an_empty_table(root, tmp_path):
    assert list_speakers(tcd(root, camera="30degcam")) == ["01M"]
    corpus = tcd(root, camera="30degcam", speakers=["01M", "02F"])
    assert list_speakers(corpus) == ["01M", "02F"]
    list_clips_rule(corpus=corpus, speakers=["02F"], clips=tmp_path / "02F.parquet")
    table = read_table(tmp_path / "02F.parquet", CLIPS)
    assert table.num_rows == 0 and table.schema.equals(CLIPS.columns)
    assert listing_fingerprint(corpus, "02F")


def test_what_cannot_be_read_is_told_in_one_line(root, tmp_path):
    def refusal(**fields) -> str:
        with pytest.raises(CorpusError) as caught:
            list_speakers(tcd(**({"root": root} | fields)))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    text = refusal(speakers=["01M", "Lipspkr1"])
    assert "['Lipspkr1']" in text and "add them to corpus.groups" in text
    assert "['77F']" in refusal(speakers=["77F"])
    assert "'volunteers'" in refusal(root=root / "volunteers")
    assert "does not exist" in refusal(root=root / "nowhere")
    text = refusal(groups=["lipspeakers"], camera="30degcam")
    assert "no clips" in text and "lipspeakers/Lipspkr1/Clips/30degcam" in text
    put(root, "lipspeakers/01M/Clips/straightcam/sa1.mp4")
    assert "['01M']" in refusal(groups=["volunteers", "lipspeakers"])
    with pytest.raises(CorpusError, match="77F"):
        list_clips(tcd(root), "77F")


@pytest.mark.parametrize(
    ("content", "end_s"),
    [
        ("0.1 0.4 she\n0.4 2.25 had", 2.25),
        ("0 1 she\n1 3 had", 3.0),
        ("1600 6400 she\n6400 36000 had", 2.25),
        ("1000000 4000000 she\n4000000 22500000 had", 2.25),
        ("0 30000000 she\n30000000 600000000 had", 60.0),
    ],
)
def test_the_unit_of_a_transcript_is_read_from_its_numbers(root, content, end_s):
    put(root, f"{STRAIGHT}/SX3.txt", content=content)
    words = list_clips(tcd(root), "01M")[1]["words"]
    assert words[-1]["end_s"] == pytest.approx(end_s)


@pytest.mark.parametrize("content", ["0 900 she", "0 3000000 she", "0 46797 She had your suit", "she had"])
def test_a_transcript_of_no_known_unit_costs_its_words_and_a_warning(root, caplog, content):
    put(root, f"{STRAIGHT}/SX3.txt", content=content)
    with caplog.at_level(logging.WARNING):
        rows = list_clips(tcd(root), "01M")
    assert [len(row["words"]) for row in rows] == [3, 0]
    assert "SX3.txt" in caplog.text and len(caplog.records) == 1


def test_the_fingerprint_follows_clips_and_transcripts(root):
    corpus = tcd(root)
    seen = [listing_fingerprint(corpus, "01M")]
    put(root, f"{STRAIGHT}/SX3.TXT", content=SAMPLES)
    seen.append(listing_fingerprint(corpus, "01M"))
    put(root, f"{STRAIGHT}/sx3.mp4", content="longer")
    seen.append(listing_fingerprint(corpus, "01M"))
    assert len(set(seen)) == 3
    put(root, "volunteers/02F/Clips/straightcam/sx9.mp4")
    assert listing_fingerprint(corpus, "01M") == seen[-1]


# --- the configuration -------------------------------------------------------------------------------------


def configured(name: str) -> Config:
    base, overlay = (
        yaml.safe_load((REPOSITORY / path).read_text()) for path in ("config.yaml", f"configs/{name}.yaml")
    )
    return validate(merge(base, overlay))


def test_the_splits_are_the_published_ones(tmp_path):
    config = configured("tcd_timit")
    official, sda = config.splits["official"], config.splits["sda"]
    assert " ".join(official.unseen) == (
        "08F 09F 15F 18M 25M 28M 33F 34M 36F 41M 44F 45F 49F 54M 55F 56M 58F"
    )
    named = [*(official.seen or []), *official.unseen]
    assert all(re.fullmatch(r"\d\d[FM]", name) for name in named)
    numbers = [int(name[:2]) for name in named]
    assert sorted(numbers) == sorted({*range(1, 60)} - {27, 35, 53})  # each once
    assert [int(name[:2]) for name in sda.unseen] == [8, 9, 15, 18, 25, 28, 33, 41, 55, 56]
    assert sda.seen is None and set(sda.unseen) <= set(named)
    for name in [*named, "27M", "35M", "53M"]:
        put(tmp_path, f"volunteers/{name}/Clips/straightcam/sa1.mp4")
    speakers = list_speakers(config.corpus.model_copy(update={"root": tmp_path}))
    assert len(speakers) == 59
    for split in ("official", "sda"):
        config.model_copy(update={"split": split}).check_speakers(speakers)


# --- the demo in this layout -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> tuple[Corpus, Path]:
    """One clip of one speaker, and its truth."""
    root = tmp_path_factory.mktemp("tcd") / "corpus"
    plan = Synthetic(layout="tcd_timit", speakers=2, clips_per_speaker=1, seed=0)
    corpus = tcd(root, synthetic=plan)
    generate_corpus(corpus=corpus, speakers=["02M"], truth=root / "truth" / "02M.parquet")
    return corpus, root / "truth" / "02M.parquet"


@pytest.mark.slow
def test_the_demo_lies_as_the_corpus_does(drawn):
    corpus, _ = drawn
    assert list_speakers(corpus) == ["01F", "02M"]
    with pytest.raises(CorpusError, match="01F to 02M"):
        list_speakers(corpus.model_copy(update={"speakers": ["03F"]}))
    found = corpus.model_copy(update={"synthetic": None})
    [row] = list_clips(found, "02M")
    assert row["path"] == "volunteers/02M/Clips/straightcam/sa1.mp4"
    assert (corpus.root / "volunteers/02M/Clips/straightcam/SA1.txt").is_file()
    [sentence] = sentences_of(make_speaker(0, 2, "tcd_timit"), 1)
    assert tuple(word["word"] for word in row["words"]) == sentence.words
    info = probe(clip_path(corpus, row["path"]))
    assert (info.width, info.height, info.has_audio) == (1920, 1080, True)
    assert info.fps == pytest.approx(30_000 / 1001, abs=1e-3)
    assert row["words"][-1]["end_s"] < info.duration_s


@pytest.mark.slow
def test_mouth_sound_and_words_of_the_demo_keep_one_clock(drawn):
    corpus, truth = drawn
    [row] = list_clips(corpus.model_copy(update={"synthetic": None}), "02M")
    path = clip_path(corpus, row["path"])
    gaps = read_frame(truth, AU_TRUTH)["lip_gap"].to_numpy()
    seen: list[float] = []
    with FaceMesh(Faces()) as mesh:
        for frame in read_frames(path):
            points = mesh.detect(frame)
            assert points is not None, f"no face in frame {len(seen)}"
            seen.append(float(lip_opening(points[None])[0]))
    count = len(seen)
    assert count == len(gaps)
    inner = range(2, count - 2)

    def likeness(shift: int) -> float:
        return float(np.corrcoef([gaps[t + shift] for t in inner], [seen[t] for t in inner])[0, 1])

    assert likeness(0) > 0.95
    assert likeness(0) > max(likeness(-1), likeness(1)) + 0.05  # a frame early or late would be seen
    samples = read_audio(path, num_frames=count)
    begin, end = (round(row["words"][i][key] * 16_000) for i, key in ((0, "start_s"), (-1, "end_s")))
    spoken = np.sqrt((samples[begin:end] ** 2).mean())
    around = np.concatenate([samples[: begin - 800], samples[end + 1600 :]])
    assert spoken > 20 * np.sqrt((around**2).mean())


# --- the clock ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_after_eight_seconds_flash_and_beep_are_still_in_step(tmp_path):
    """H.264 at 29.97 fps and AAC at 48 kHz, decoded as the pipeline does: 25 fps, 16 kHz."""
    layout = LAYOUTS["tcd_timit"]
    num_frames, marked = 240, (3, 121, 231)  # the last 7.7 s into 8.0 s
    moments = [float(number / layout.fps) for number in marked]
    shape = (layout.stage.height, layout.stage.width, 3)
    dark, lit = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    time_s = np.arange(round(num_frames / layout.fps * layout.sound_rate)) / layout.sound_rate
    beeps = np.logical_or.reduce([(time_s >= start) & (time_s < start + 0.12) for start in moments])
    samples = (0.5 * np.sin(2 * np.pi * 1000 * time_s) * beeps).astype(np.float32)
    lit_frames = {number + further for number in marked for further in range(4)}
    path = tmp_path / "sa1.mp4"
    encode_clip(path, (lit if n in lit_frames else dark for n in range(num_frames)), samples, layout)

    bright = [bool(frame[::60, ::60].mean() > 128) for frame in read_frames(path)]
    assert len(bright) == layout.num_frames_at_25(num_frames) == 200
    assert bright == [layout.shown_frame(frame) in lit_frames for frame in range(200)]
    flashes = [
        t for t, (before, now) in enumerate(itertools.pairwise([False, *bright])) if now and not before
    ]
    loud = np.abs(read_audio(path, num_frames=len(bright))) > 0.15
    heard = [i / 16_000 for i in np.flatnonzero(loud) if not loud[max(i - 1600, 0) : i].any()]
    assert len(flashes) == len(heard) == 3
    for flash, sound_s, moment_s in zip(flashes, heard, moments, strict=True):
        assert abs(sound_s - moment_s) < 0.005
        assert abs(flash / 25 - sound_s) <= 1 / 25
    assert flashes[-1] / 25 > 7.6


def test_shown_frames_never_run_from_the_time():
    layout = LAYOUTS["tcd_timit"]
    for frame in range(10_000):
        begins_s = layout.shown_frame(frame) / layout.fps
        assert abs(begins_s - Fraction(frame, 25)) <= Fraction(1, 50)
