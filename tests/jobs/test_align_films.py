"""Films of other systems beside drawn clips: what stands for its clip, and what is refused and why."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.compute as pc
import pytest
from made_media import run

from talkface.artifacts.schemas import CLIPS, FACES, FILM_CHECKS, GENERATED, SCORES, SPLIT
from talkface.artifacts.tables import ClipTable, TableWriter, read_table, write_table
from talkface.config import AuLabels, Corpus, Evaluation, External, Faces, Limits, Metrics, Video
from talkface.corpora.synthetic.corpus import draw_clip, make_clip, make_speaker, sentences_of, write_clip
from talkface.evaluation.aligned_films import LEAST_CORRELATION
from talkface.jobs.align_films import align_films
from talkface.jobs.crop_faces import crop_faces
from talkface.jobs.list_clips import list_clips
from talkface.jobs.score_clips import score_clips
from talkface.jobs.track_generated import track_generated
from talkface.media.audio import read_audio
from talkface.media.images import decode_png, encode_png
from talkface.media.video import write_video
from talkface.reporting.tables.external_films import film_cards, films_note, read_films

SIZE = 112
FRAMES = 75


@dataclass(frozen=True)
class Drawn:
    """Two clips of one drawn speaker: the corpus and its tables."""

    root: Path
    clips: Path
    faces: Path
    landmarks: Path
    split: Path
    names: list[str]

    def film(self, number: int = 0) -> Path:
        return self.root / f"{self.names[number]}.mpg"

    def crops(self, number: int = 0) -> np.ndarray:
        rows = ClipTable(self.faces, FACES).read(self.names[number], ["image"])
        return np.stack([decode_png(image) for image in rows["image"].to_pylist()])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    root, speaker = folder / "clips", make_speaker(0, 1)
    for sentence in sentences_of(speaker, 12)[:2]:
        write_clip(root, speaker, make_clip(speaker, sentence))
    corpus = Corpus(name="grid", root=root)
    paths = {name: folder / f"{name}.parquet" for name in ("listed", "faces", "landmarks", "checks", "split")}
    list_clips(corpus=corpus, speakers=["s1"], clips=paths["listed"])
    crop_faces(
        corpus=corpus, shard="s1", clips=paths["listed"], faces=Faces(), limits=Limits(), crop_size=SIZE,
        faces_table=paths["faces"], landmarks_table=paths["landmarks"], checks_table=paths["checks"],
    )  # fmt: skip
    listed = read_table(paths["listed"], CLIPS).to_pylist()
    rows = [
        {name: row[name] for name in ("clip", "speaker", "utterance", "words")}
        | {"subset": "unseen_test", "ok": True, "reason": "", "doubts": "", "num_frames": FRAMES}
        for row in listed
    ]
    write_table(paths["split"], SPLIT, rows, {})
    names = [row["clip"] for row in listed]
    return Drawn(root, paths["listed"], paths["faces"], paths["landmarks"], paths["split"], names)


def align(drawn: Drawn, films: Path, target: Path, **fields):
    """The GENERATED table, and the checks by clip."""
    generated = target / "generate/external_other/seed-0/one_shot/s1.parquet"
    checks = generated.parent / "films/s1.parquet"
    checks.parent.mkdir(parents=True)
    align_films(
        system="external_other", shard="s1", clips=drawn.clips, split=drawn.split, speakers=["s1"],
        evaluation=Evaluation(), corpus=Corpus(name="grid", root=drawn.root),
        external={"other": External(films=films, **fields)}, faces=Faces(), crop_size=SIZE,
        generated=generated, checks=checks,
    )  # fmt: skip
    return generated, {row["clip"]: row for row in read_table(checks, FILM_CHECKS).to_pylist()}, checks


def folder_of(drawn: Drawn, tmp_path: Path, name: str = "films") -> Path:
    (tmp_path / name / "s1").mkdir(parents=True)
    return tmp_path / name


def place(drawn: Drawn, films: Path, suffix: str, number: int = 0) -> Path:
    return films / f"{drawn.names[number]}{suffix}"


def lossless(path: Path, pictures: np.ndarray, sound: Path, scratch: Path) -> None:
    """A film that decodes to these pictures to the bit, with a clip's sound."""
    scratch.mkdir()
    for number, picture in enumerate(pictures):
        (scratch / f"{number:04d}.png").write_bytes(encode_png(picture))
    run(
        "-framerate", "25", "-i", str(scratch / "%04d.png"), "-i", str(sound), "-map", "0:v", "-map", "1:a",
        "-c:v", "ffv1", "-pix_fmt", "gbrp", "-c:a", "pcm_s16le", str(path),
    )  # fmt: skip


def scores(drawn: Drawn, generated: Path, folder: Path) -> dict[tuple[str, str], float | None]:
    """Every value of the families that need no labels, by clip and metric."""
    folder.mkdir()
    landmarks = folder / "landmarks.parquet"
    track_generated(
        generated=[generated], method="external_other", landmarks_true=[drawn.landmarks], faces=Faces(),
        landmarks=landmarks,
    )  # fmt: skip
    tables = {metric: folder / f"{metric}.parquet" for metric in ("pixels", "lips")}
    score_clips(
        identities={metric: {} for metric in tables}, frames=[generated], true_frames=[drawn.faces],
        landmarks=[landmarks], true_landmarks=[drawn.landmarks], true_aus=[], mel=[], clips=[drawn.clips],
        sync_evaluator=[], lip_reader=[],
        split=drawn.split, video=Video(), aus=AuLabels(), faces=Faces(), corpus=Corpus(), metrics=Metrics(),
        work=folder / "work", scores=list(tables.values()),
    )  # fmt: skip
    values = {}
    for table in tables.values():
        for row in read_table(table, SCORES).to_pylist():
            values[row["clip"], row["metric"]] = row["value"]
    return values


def test_our_own_films_score_as_our_own_row(drawn, tmp_path):
    """Blurred crops stand for what we generated: once as our own row, once as films without loss."""
    films, own, ours_by_clip = folder_of(drawn, tmp_path), tmp_path / "own.parquet", []
    for number, clip in enumerate(drawn.names):
        pictures = np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in drawn.crops(number)])
        lossless(place(drawn, films, ".mkv", number), pictures, drawn.film(number), tmp_path / f"png{number}")
        ours_by_clip.append(
            [
                {"clip": clip, "frame": frame, "image": encode_png(picture)}
                for frame, picture in enumerate(pictures)
            ]
        )
    with TableWriter(own, GENERATED, {}) as writer:
        for rows in ours_by_clip:
            writer.write(rows)
    made, checks, _ = align(drawn, films, tmp_path)
    assert all(row["ok"] and row["offset_found"] and abs(row["offset_s"]) < 0.02 for row in checks.values())
    ours, theirs = scores(drawn, own, tmp_path / "ours"), scores(drawn, made, tmp_path / "theirs")
    assert ours.keys() == theirs.keys() and len(ours) > 10
    assert theirs == {
        key: value if value is None else pytest.approx(value, abs=0.01) for key, value in ours.items()
    }
    assert 20 < ours[drawn.names[0], "psnr"] < 45  # or else nothing is compared here


def test_whole_scenes_late_at_thirty_frames_a_second(drawn, tmp_path):
    """Both clips late by 100 ms at 30 frames a second; the second one's crop at 512 px, without a delay."""
    films = folder_of(drawn, tmp_path)
    run(
        "-i", str(drawn.film()), "-itsoffset", "0.1", "-i", str(drawn.film()), "-map", "0:v", "-map", "1:a",
        "-vf", "tpad=start_duration=0.1:start_mode=clone:stop_duration=0.1:stop_mode=clone,fps=30",
        "-c:v", "libx264", "-crf", "8", "-c:a", "aac", str(place(drawn, films, ".mp4")),
    )  # fmt: skip
    large = [cv2.resize(picture, (512, 512), interpolation=cv2.INTER_CUBIC) for picture in drawn.crops(1)]
    sound = read_audio(drawn.film(1), num_frames=FRAMES)
    write_video(place(drawn, films, ".mp4", 1), large, audio=sound)
    made, checks, _ = align(drawn, films, tmp_path)
    scene, crop = (checks[name] for name in drawn.names)
    assert scene["ok"] and scene["source_fps"] == 30 and scene["offset_s"] == pytest.approx(0.1, abs=0.02)
    assert crop["ok"] and crop["width"] == 512 and crop["offset_s"] == pytest.approx(0, abs=0.02)
    values = scores(drawn, made, tmp_path / "scores")
    for name in drawn.names:
        assert values[name, "psnr"] > 27 and values[name, "lip_correlation_words"] > 0.9, values
        assert values[name, "lmd_px"] < 0.6


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("-t", "1.6", "-c", "copy"), "shows only"),
        (
            ("-f", "lavfi", "-i", "testsrc=size=128x128:rate=25:duration=3", "-map", "1:v", "-map", "0:a"),
            "no face",
        ),
        (("-an", "-vf", "tpad=stop_duration=1:stop_mode=clone"), "longer than the clip"),
    ],
)
def test_a_film_that_cannot_stand_for_its_clip_is_refused(drawn, tmp_path, words, reason):
    films = folder_of(drawn, tmp_path)
    run("-i", str(drawn.film()), *words, str(place(drawn, films, ".mkv")))
    shutil.copy(drawn.film(), place(drawn, films, ".mpg", 1))
    made, checks, path = align(drawn, films, tmp_path)
    first, second = (checks[name] for name in drawn.names)
    assert not first["ok"] and reason in first["reason"]
    assert not second["ok"] and "another sound" in second["reason"], "the first clip under the second's name"
    assert second["correlation"] is None and not ClipTable(made, GENERATED).clips
    assert "0 of 2 clips" in films_note(read_films([path]))


def test_missing_truncated_and_silent_films_are_told_apart(drawn, tmp_path):
    films = folder_of(drawn, tmp_path, "odd $(name) 'quoted' %d é")
    run("-i", str(drawn.film()), "-an", "-c", "copy", str(place(drawn, films, ".mkv")))
    (films / "s1" / "nobody.mp4").write_text("belongs to no clip")
    made, checks, path = align(drawn, films, tmp_path, licence="CC0", system="Other 1.0")
    mute, missing = (checks[name] for name in drawn.names)
    assert mute["ok"] and not mute["offset_found"] and mute["offset_s"] == 0
    assert not missing["ok"] and missing["reason"] == "no film" and missing["film"] == ""
    assert ClipTable(made, GENERATED).clips == [drawn.names[0]]
    assert pc.max(read_table(made, GENERATED)["frame"]).as_py() == FRAMES - 1
    read = read_films([path])
    assert "1 of 2 clips; 1 without sound, taken to begin with the clip; 1 x no film" in films_note(read)
    card = film_cards(read, {"other": {"licence": "CC0", "system": "Other 1.0"}})["external_other"]
    assert (
        card["licence"] == "CC0"
        and card["offsets_assumed"] == 1
        and card["refused"] == {drawn.names[1]: "no film"}
    )
    content = place(drawn, films, ".mkv").read_bytes()
    place(drawn, films, ".mkv").write_bytes(content[: len(content) // 2])
    (tmp_path / "again").mkdir()
    _, checks, path = align(drawn, films, tmp_path / "again")
    assert not checks[drawn.names[0]]["ok"] and checks[drawn.names[0]]["reason"]
    assert (
        film_cards(read_films([path]), {"other": {}})["external_other"]["films_sha256"]
        != card["films_sha256"]
    )


def test_crops_may_be_taken_as_they_are_and_other_pictures_then_not(drawn, tmp_path):
    films = folder_of(drawn, tmp_path)
    lossless(place(drawn, films, ".mkv"), drawn.crops()[:, ::-1], drawn.film(), tmp_path / "png")
    shutil.copy(drawn.film(1), place(drawn, films, ".mpg", 1))
    made, checks, _ = align(drawn, films, tmp_path, picture="crop")
    assert checks[drawn.names[0]]["ok"]
    rows = ClipTable(made, GENERATED).read(drawn.names[0], ["image"])["image"].to_pylist()
    assert np.array_equal(np.stack([*map(decode_png, rows)]), drawn.crops()[:, ::-1])
    assert "crops have 112" in checks[drawn.names[1]]["reason"]


def test_another_face_with_its_own_sound_is_no_film_of_the_clip(drawn, tmp_path):
    films, other = folder_of(drawn, tmp_path), make_speaker(0, 2)
    clip = make_clip(other, sentences_of(other, 12)[0])
    rate = other.layout.sound_rate
    write_video(place(drawn, films, ".mp4"), draw_clip(other, clip), audio=clip.samples, sample_rate=rate)
    _, checks, _ = align(drawn, films, tmp_path)
    reason = checks[drawn.names[0]]["reason"]
    assert reason.startswith("another sound than the clip's")
    assert float(reason.rpartition(" ")[2].rstrip(")")) < LEAST_CORRELATION - 0.15
