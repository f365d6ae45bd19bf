"""The AU classifier: learns what the lower half shows, knows nothing of the upper, and is scored fairly."""

from pathlib import Path

import numpy as np
import pytest
import scoring
from tiny_corpus import CROP, landmark_rows, write_generated, write_truth
from tiny_training import stop_after

from talkface.artifacts.schemas import AU_NAMES, AUS, FACES, HISTORY, LANDMARKS, SCORES, SPLIT
from talkface.artifacts.tables import TableWriter, read_frame, read_table, write_table
from talkface.artifacts.weights import read_metadata
from talkface.config import AuClassifier, AuLabels, Compute, Evaluation, Faces, Training
from talkface.jobs.label_aus import label_aus
from talkface.jobs.score_au_classifier import score_au_classifier
from talkface.jobs.train_au_classifier import train_au_classifier
from talkface.media.images import encode_png
from talkface.metrics.presence_scores import pooled_f1
from talkface.training.tasks.au_classifier import AuClassifierTask

CPU = Compute(threads=1, device="cpu", precision="float32")
FRAMES = 40
SETTINGS = AuClassifier(
    width=8,
    training=Training(
        samples=4800, batch_size=32, learning_rate=3e-3, save_every_samples=1600, log_every_samples=320
    ),
)
LOWER, UPPER = slice(20, 28), slice(4, 12)  # rows that shifts by 3 px keep on their side of row 16
PLACES = [(0, 3), (1, 3), (2, 3), (0, 19), (1, 19)]
"""Colour and first column of each AU's light."""


def draw(presence_A: np.ndarray, rows: slice) -> np.ndarray:
    """A picture with a light in the given rows for each present AU."""
    image = np.full((CROP, CROP, 3), 60, np.uint8)
    for present, (colour, column) in zip(presence_A, PLACES, strict=True):
        image[rows, column : column + 10, colour] = 220 if present else 60
    return image


def write_lights(folder: Path, rows: slice) -> dict[str, Path]:
    """Six clips, the last two held back. In every tenth frame no face is found, and the label lies."""
    rng = np.random.default_rng(0)
    paths = {name: folder / f"{name}.parquet" for name in ("split", "faces", "aus")}
    clips = {f"s1/{number}": "train" if number < 4 else "seen_test" for number in range(6)}
    with TableWriter(paths["faces"], FACES) as faces, TableWriter(paths["aus"], AUS) as aus:
        for clip in clips:
            presence_TA = rng.random((FRAMES, 5)) < 0.5
            common = [{"clip": clip, "frame": t, "detected": t % 10 != 7} for t in range(FRAMES)]
            faces.write(
                row | {"image": encode_png(draw(presence_A, rows)), "affine": [0.0] * 6}
                for row, presence_A in zip(common, presence_TA, strict=True)
            )
            aus.write(
                row
                | {
                    "raw": [0.0] * 5,
                    "normalised": [0.0] * 5,
                    "presence": [bool(present == row["detected"]) for present in presence_A],
                }
                for row, presence_A in zip(common, presence_TA, strict=True)
            )
    write_table(
        paths["split"],
        SPLIT,
        [
            {
                "clip": clip,
                "speaker": "s1",
                "utterance": clip[3:],
                "subset": subset,
                "ok": True,
                "reason": "",
                "doubts": "",
                "num_frames": FRAMES,
                "words": [],
            }
            for clip, subset in clips.items()
        ],
    )
    return paths


def train(paths: dict[str, Path], folder: Path, settings: AuClassifier = SETTINGS) -> Path:
    train_au_classifier(
        split=paths["split"],
        faces=[paths["faces"]],
        aus=[paths["aus"]],
        crop_size=CROP,
        au_classifier=settings,
        compute=CPU,
        seed=0,
        code="1",
        model=folder / "model.safetensors",
        history=folder / "history.parquet",
        work=folder / "work",
    )
    return folder / "model.safetensors"


def score(model: Path, paths: dict[str, Path], target: Path):
    score_au_classifier(
        model=model,
        faces=[paths["faces"]],
        aus=[paths["aus"]],
        split=paths["split"],
        evaluation=Evaluation(),
        compute=CPU,
        scores=target,
    )
    return read_frame(target, SCORES)


@pytest.fixture(scope="module")
def lights(tmp_path_factory):
    return write_lights(tmp_path_factory.mktemp("lights"), LOWER)


@pytest.fixture(scope="module")
def trained(lights, tmp_path_factory):
    return train(lights, tmp_path_factory.mktemp("trained"))


def accuracy(rows) -> float:
    return float(rows[rows.metric.str.endswith("_accuracy")].value.mean())


def test_what_the_lower_half_shows_is_learned(lights, trained, tmp_path):
    rows = score(trained, lights, tmp_path / "scores.parquet")
    assert min(pooled_f1(rows, AU_NAMES).values()) > 0.9
    assert accuracy(rows) > 0.9
    history = read_frame(trained.with_name("history.parquet"), HISTORY)
    values = history[history.name == "loss"].value.tolist()
    assert values[-1] < 0.5 * values[0]
    assert read_metadata(trained)["stage"] == "au_classifier"


def test_what_only_the_upper_half_shows_is_not(tmp_path):
    paths = write_lights(tmp_path, UPPER)
    rows = score(train(paths, tmp_path), paths, tmp_path / "scores.parquet")
    assert 0.38 < accuracy(rows) < 0.62


def test_frames_without_a_detected_face_are_left_out(lights, trained, tmp_path):
    """Their labels are the opposite of what is seen: counted, they would cost a tenth of the accuracy."""
    rows = score(trained, lights, tmp_path / "scores.parquet")
    known = FRAMES - FRAMES // 10
    assert set(rows["clip"]) == {"s1/4", "s1/5"} and set(rows.subset) == {"seen_test"}
    assert set(rows.weight) == {known}
    counts = rows[rows.metric.str.contains("_[tf][pn]$")]
    assert (counts.groupby([counts["clip"], counts.metric.str[:4]]).value.sum() == known).all()


def test_undetected_frames_teach_nothing(lights):
    """The rates behind the weights, and the loss, know of detected frames alone."""
    task = AuClassifierTask(lights["split"], [lights["faces"]], [lights["aus"]], CROP, SETTINGS, 0)
    assert len(task._valid_N) == 4 * FRAMES and (~task._valid_N).sum() == 4 * FRAMES // 10
    rates_A = task._presence_NA[task._valid_N].float().mean(0)
    expected_A = (1 / rates_A) / (1 / rates_A).mean()
    assert task._loss.weights_A.tolist() == pytest.approx(expected_A.tolist())


def test_scores_are_named_as_those_of_generated_frames(trained, tmp_path):
    """So that one table can hold both: same metrics, same clips, same columns."""
    clips, split, features = write_truth(tmp_path)
    for speaker, paths in features.items():
        paths["labels"] = tmp_path / speaker / "labels.parquet"
        label_aus(
            landmarks=paths["landmarks"],
            faces_table=paths["faces"],
            shard=speaker,
            aus=AuLabels(),
            faces=Faces(),
            aus_table=paths["labels"],
        )
    aus = [paths["labels"] for paths in features.values()]
    tested = [clip for clip in clips if clip.subset != "train"]
    with TableWriter(tmp_path / "found.parquet", LANDMARKS) as writer:
        for clip in tested:
            writer.write(landmark_rows(clip))
    scoring.score(
        "aus", tmp_path / "generated.scores.parquet", split,
        landmarks=[tmp_path / "found.parquet"],
        frames=[write_generated(tmp_path / "generated.parquet", tested)],
        true_aus=aus,
    )  # fmt: skip
    score_au_classifier(
        model=trained,
        faces=[paths["faces"] for paths in features.values()],
        aus=aus,
        split=split,
        evaluation=Evaluation(),
        compute=CPU,
        scores=tmp_path / "real.scores.parquet",
    )
    generated, real = (
        read_frame(tmp_path / f"{name}.scores.parquet", SCORES) for name in ("generated", "real")
    )
    keys = ["clip", "speaker", "subset", "metric"]
    assert sorted(map(tuple, generated[keys].values)) == sorted(map(tuple, real[keys].values))


def test_an_interrupted_training_equals_an_unbroken_one(lights, tmp_path, monkeypatch):
    short = SETTINGS.model_copy(
        update={"training": SETTINGS.training.model_copy(update={"samples": 320, "log_every_samples": 64})}
    )
    whole = train(lights, tmp_path / "whole", short)
    with monkeypatch.context() as patch:
        stop_after(patch, AuClassifierTask, 4)
        with pytest.raises(SystemExit):
            train(lights, tmp_path / "broken", short)
    broken = train(lights, tmp_path / "broken", short)
    assert broken.read_bytes() == whole.read_bytes()
    histories = [read_table(model.with_name("history.parquet"), HISTORY) for model in (whole, broken)]
    assert histories[0] == histories[1]
