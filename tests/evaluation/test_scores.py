"""Tracks and scores of generated clips, on the tables of a tiny corpus."""

import dataclasses
import hashlib

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from scoring import score
from tiny_corpus import CROP, landmark_rows, write_generated

from talkface.artifacts.schemas import AU_NAMES, AUS, LANDMARKS, SCORES
from talkface.artifacts.tables import ClipTable, TableError, TableWriter, read_frame, read_metadata
from talkface.config import AuLabels, Faces, Metrics, Weights
from talkface.evaluation.controls import mean_mouth_points
from talkface.evaluation.needs import files_behind
from talkface.features.landmarks import mouth_points
from talkface.jobs.label_aus import label_aus
from talkface.jobs.track_generated import track_generated
from talkface.metrics.catalogue import all_metrics
from talkface.metrics.clip import Clip, MissingPartError
from talkface.metrics.declaration import Metric, WeightsFile
from talkface.metrics.presence_scores import pooled_f1


def values(scores, clip):
    rows = read_frame(scores, SCORES)
    return rows[rows["clip"] == clip].set_index("metric")["value"].to_dict()


def test_pixel_scores(tmp_path, truth):
    clips, split, features = truth
    clips = [clip for clip in clips if clip.subset != "train"]
    dark = [dataclasses.replace(clip, images=clip.images // 2) for clip in clips]
    static = [
        dataclasses.replace(clip, images=np.repeat(clip.images[:1], len(clip.images), 0)) for clip in clips
    ]
    results = {}
    for name, made in {"same": clips, "dark": dark, "static": static}.items():
        paths = [
            write_generated(
                tmp_path / f"{name}_{speaker}.parquet", [c for c in made if c.name[:2] == speaker]
            )
            for speaker in ("s1", "s2")
        ]
        results[name] = tmp_path / f"{name}.scores.parquet"
        faces = [
            features[speaker]["faces"] for speaker in ("s2", "s1")
        ]  # the order of speakers does not matter
        score("pixels", results[name], split, frames=paths, true_frames=faces)
    rows = read_frame(results["same"], SCORES)
    assert sorted(rows["clip"].unique()) == ["s1/b", "s1/c", "s2/d"]
    assert set(rows["subset"]) == {"seen_test", "unseen_test"}
    same = values(results["same"], "s1/b")
    assert same["ssim"] == pytest.approx(1) and same["ssim_mouth"] == pytest.approx(1)
    assert pd.isna(same["psnr"]) and pd.isna(same["psnr_mouth"])
    assert same["sharpness_mouth_ratio"] == pytest.approx(1) and same["sharpness_mouth"] > 0
    worse = values(results["dark"], "s1/b")
    expected = np.mean(
        [
            10 * np.log10(255**2 / np.mean((image - (image // 2).astype(float)) ** 2))
            for image in clips[0].images.astype(float)
        ]
    )
    assert worse["psnr"] == pytest.approx(expected, abs=0.1) and worse["ssim"] < 0.9
    assert worse["sharpness_mouth_ratio"] == pytest.approx(0.25, abs=0.05)
    frames = read_frame(results["static"], SCORES).set_index(["clip", "metric"])["weight"]
    assert frames["s1/b", "ssim"] == 15 and frames["s1/b", "psnr"] == 14  # its first frame is the truth's
    assert read_metadata(results["same"])["crop_size"] == CROP


def write_landmarks(path, clips):
    with TableWriter(path, LANDMARKS) as writer:
        for clip in clips:
            writer.write(landmark_rows(clip))
    return path


def test_lip_scores(tmp_path, truth):
    clips, split, features = truth
    test_clips = [clip for clip in clips if clip.subset != "train"]
    still = [
        dataclasses.replace(clip, points=np.repeat(clip.points[:1], len(clip.points), 0))
        for clip in test_clips
    ]
    lost = [dataclasses.replace(clip, points=0 * clip.points, detected=~clip.detected) for clip in test_clips]
    scored = {}
    for name, made in {"same": test_clips, "still": still, "lost": lost}.items():
        scored[name] = tmp_path / f"{name}.scores.parquet"
        score(
            "lips", scored[name], split,
            landmarks=[write_landmarks(tmp_path / f"{name}.parquet", made)],
            true_landmarks=[features[speaker]["landmarks"] for speaker in ("s1", "s2")],
        )  # fmt: skip
    same, still_b, lost_b = (values(scored[name], "s1/b") for name in ("same", "still", "lost"))
    for suffix in ("", "_words"):
        assert same[f"lip_correlation{suffix}"] == pytest.approx(1)
        assert same[f"lip_deviation_ratio{suffix}"] == pytest.approx(1)
        assert still_b[f"lip_correlation{suffix}"] == 0 and still_b[f"lip_deviation_ratio{suffix}"] < 1e-6
    assert same["lmd_px"] == 0 and same["lmd_eyes"] == 0 and same["detection_rate"] == 1
    points = test_clips[0].points.astype(float)
    mouth = mouth_points(points) - mouth_points(points).mean(axis=1, keepdims=True)
    distance = np.linalg.norm(mouth - mouth[0], axis=-1).mean()
    assert still_b["lmd_px"] == pytest.approx(distance, rel=1e-4) and distance > 0.01
    eyes = np.linalg.norm(points[0, 33, :2] - points[0, 263, :2])
    assert still_b["lmd_eyes"] == pytest.approx(distance / eyes, rel=1e-4)
    # frames without a face score as the frozen picture does, and are counted
    assert lost_b.pop("detection_rate") == 0 and still_b.pop("detection_rate") == 1
    assert lost_b == pytest.approx(still_b)
    weights = read_frame(scored["same"], SCORES).set_index(["clip", "metric"])["weight"]
    # words from 0.12 s to 0.48 s: frames with centres at 0.14, 0.18, ... 0.46
    assert weights["s1/b", "lip_correlation"] == 15 and weights["s1/b", "lip_correlation_words"] == 9


def label(folder, features, speaker, **settings):
    target = folder / f"{speaker}.aus.parquet"
    label_aus(
        landmarks=features[speaker]["landmarks"],
        faces_table=features[speaker]["faces"],
        shard=speaker,
        aus=AuLabels(**settings),
        faces=Faces(),
        aus_table=target,
    )
    return target


def test_au_scores(tmp_path, truth):
    clips, split, features = truth
    test_clips = [clip for clip in clips if clip.subset != "train"]
    aus = [label(tmp_path, features, speaker) for speaker in ("s1", "s2")]
    still = [
        dataclasses.replace(clip, points=np.repeat(clip.points[:1], len(clip.points), 0))
        for clip in test_clips
    ]
    lost = [dataclasses.replace(clip, points=0 * clip.points, detected=~clip.detected) for clip in test_clips]
    rows = {}
    for name, made in {"same": test_clips, "still": still, "lost": lost}.items():
        score(
            "aus", tmp_path / "scores.parquet", split,
            landmarks=[write_landmarks(tmp_path / f"{name}.parquet", made)],
            frames=[write_generated(tmp_path / f"{name}.images.parquet", made)],
            true_aus=aus,
        )  # fmt: skip
        rows[name] = read_frame(tmp_path / "scores.parquet", SCORES)
    table = ClipTable(aus[0], AUS)
    presence = {clip: np.array(table.read(clip)["presence"].to_pylist()) for clip in ("s1/b", "s1/c")}
    moving = [au for number, au in enumerate(AU_NAMES) if 0 < presence["s1/b"][:, number].mean() < 1]
    assert len(moving) >= 2  # or else nothing is tested here
    for clip, found in presence.items():
        same = rows["same"][rows["same"]["clip"] == clip].set_index("metric")["value"]
        frozen = rows["still"][rows["still"]["clip"] == clip].set_index("metric")["value"]
        for number, au in enumerate(name.lower() for name in AU_NAMES):
            true, held = found[:, number], found[0, number]
            assert (same[f"{au}_tp"], same[f"{au}_tn"]) == (true.sum(), (~true).sum())
            assert same[f"{au}_fp"] == same[f"{au}_fn"] == 0 and same[f"{au}_accuracy"] == 1
            assert same[f"{au}_f1"] == 1 if true.any() else pd.isna(same[f"{au}_f1"])
            assert frozen[f"{au}_accuracy"] == pytest.approx((true == held).mean())
    assert pooled_f1(rows["same"], moving) == dict.fromkeys(moving, 1.0)
    pd.testing.assert_frame_equal(rows["lost"], rows["still"])  # a missed frame is as good as a frozen one
    assert read_metadata(tmp_path / "scores.parquet")["labeller"] == "geometric"


def test_csvs_of_the_truth_never_label_generated_frames(tmp_path, truth):
    _, split, features = truth
    (tmp_path / "csv").mkdir()
    score(
        "aus", tmp_path / "scores.parquet", split,
        landmarks=[features["s1"]["landmarks"]],
        true_aus=[features["s1"]["aus"]],
        labels=AuLabels(backend="openface", openface_csv=tmp_path / "csv"),
    )  # fmt: skip
    rows = read_frame(tmp_path / "scores.parquet", SCORES)
    assert rows["value"].isna().all() and "au25_accuracy" in set(rows["metric"])
    assert pooled_f1(rows, AU_NAMES) == dict.fromkeys(AU_NAMES)


def test_scores_leave_out_frames_without_a_true_face(tmp_path, truth):
    clips, split, _ = truth
    clip = clips[1]
    detected = clip.detected.copy()
    detected[4:7] = False
    wild = clip.points.copy()
    wild[4:7] += np.random.default_rng(0).normal(0, 50, wild[4:7].shape).astype(np.float32)
    target = tmp_path / "scores.parquet"
    truth = dataclasses.replace(clip, points=wild, detected=detected)
    score(
        "lips", target, split,
        landmarks=[write_landmarks(tmp_path / "found.parquet", [clip])],
        true_landmarks=[write_landmarks(tmp_path / "true.parquet", [truth])],
    )  # fmt: skip
    assert values(target, clip.name)["lmd_px"] == 0
    assert values(target, clip.name)["lip_correlation"] == pytest.approx(1)


def test_a_clip_of_another_length_is_refused_by_name(tmp_path, truth):
    clips, split, features = truth
    short = dataclasses.replace(clips[1], images=clips[1].images[:-1])
    with pytest.raises(TableError, match="'s1/b': 14 frames of pictures for 15"):
        score(
            "pixels", tmp_path / "scores.parquet", split,
            frames=[write_generated(tmp_path / "short.parquet", [short])],
            true_frames=[features["s1"]["faces"]],
        )  # fmt: skip
    assert not (tmp_path / "scores.parquet").exists()


def test_a_method_without_test_clips_has_empty_tables(tmp_path, truth):
    _, split, features = truth
    made = write_generated(tmp_path / "generated.parquet", [])
    track_generated(
        generated=[made],
        method="ours",
        landmarks_true=[features["s2"]["landmarks"]],
        faces=Faces(),
        landmarks=tmp_path / "found.parquet",
    )
    own = features["s2"]
    tables = {
        "frames": [made], "true_frames": [own["faces"]], "landmarks": [tmp_path / "found.parquet"],
        "true_landmarks": [own["landmarks"]], "true_aus": [own["aus"]], "mel": [own["mel"]],
    }  # fmt: skip
    for metric in all_metrics():
        needed = {name: paths for name, paths in tables.items() if name in files_behind(metric)}
        assert len(read_frame(score(metric, tmp_path / f"{metric}.parquet", split, **needed), SCORES)) == 0


def test_one_job_tracks_the_clips_of_all_speakers(tmp_path, truth):
    clips, _, features = truth
    target = tmp_path / "landmarks.parquet"
    made = [[clip for clip in clips[1:] if clip.name[:2] == speaker] for speaker in ("s2", "s1")]
    track_generated(
        generated=[write_generated(tmp_path / f"{n}.parquet", part) for n, part in enumerate(made)],
        method="mean_mouth",
        landmarks_true=[features["s1"]["landmarks"], features["s2"]["landmarks"]],
        faces=Faces(),
        landmarks=target,
    )
    assert {clip: len(rows) for clip, rows in ClipTable(target, LANDMARKS)} == {
        clip.name: len(clip.images) for clip in clips[1:]
    }


def test_mean_mouth_is_written_not_tracked(tmp_path, truth):
    clips, _, features = truth
    target = tmp_path / "landmarks.parquet"
    track_generated(
        generated=[write_generated(tmp_path / "mean.parquet", [clips[1]])],
        method="mean_mouth",
        landmarks_true=[features["s1"]["landmarks"]],
        faces=Faces(),
        landmarks=target,
    )
    rows = ClipTable(target, LANDMARKS).read("s1/b").to_pandas()
    assert rows["detected"].all()
    assert np.stack(rows["points"].tolist()) == pytest.approx(
        mean_mouth_points(clips[1].points).reshape(15, -1), abs=1e-4
    )


def test_pictures_without_a_face_are_tracked_as_missed(tmp_path, truth):
    clips, _, features = truth
    target = tmp_path / "landmarks.parquet"
    grey = dataclasses.replace(clips[1], images=np.full_like(clips[1].images, 128))
    track_generated(
        generated=[write_generated(tmp_path / "ours.parquet", [grey])],
        method="ours",
        landmarks_true=[features["s1"]["landmarks"]],
        faces=Faces(),
        landmarks=target,
    )
    assert not any(ClipTable(target, LANDMARKS).read("s1/b")["detected"].to_pylist())


def test_a_metric_gets_what_it_declares_and_no_more():
    clip = Clip("s1/b", 3, frames=np.zeros((3, CROP, CROP, 3), np.uint8))
    assert len(clip.frames) == 3
    with pytest.raises(MissingPartError, match=r"clip 's1/b': the metric's `needs` must name \"mel\""):
        _ = clip.mel
    with pytest.raises(ValueError, match="needs one of aus, frames, landmarks"):
        Metric(lambda clip: {}, needs=("true_frames",), measures=())


def test_a_value_that_is_not_defined_is_null(tmp_path, truth, monkeypatch):
    clips, split, _ = truth
    odd = Metric(lambda clip: {"a": (float("nan"), 1), "b": (None, 2), "c": (0.5, 3)}, ("frames",), ())
    monkeypatch.setitem(all_metrics(), "odd", odd)
    made = write_generated(tmp_path / "made.parquet", clips[1:2])
    rows = read_frame(score("odd", tmp_path / "scores.parquet", split, frames=[made]), SCORES)
    assert rows["value"].isna().tolist() == [True, True, False] and rows["weight"].tolist() == [1, 2, 3]


def test_weights_are_read_once_and_a_subsets_value_stands_at_each_clip(tmp_path, truth, monkeypatch):
    clips, split, _ = truth
    weights = tmp_path / "weights.safetensors"
    save_file({"factor": np.full(1, 2.0, np.float32)}, weights)
    given = Weights(path=weights, sha256=hashlib.sha256(weights.read_bytes()).hexdigest())

    def together(some):
        frames = [(len(clip.frames), float(clip.weights["made"].tensors["factor"][0])) for clip in some]
        return {"made": (sum(count * factor for count, factor in frames), len(frames))}

    file = WeightsFile("made", "a factor", "https://example.org")
    made = Metric(together, ("frames", "weights"), (), table="Made", per="subset", weights=(file,))
    monkeypatch.setitem(all_metrics(), "made", made)
    generated = write_generated(tmp_path / "made.parquet", clips[1:3])
    target = tmp_path / "scores.parquet"
    score("made", target, split, frames=[generated], metrics=Metrics(weights={"made": given}))
    rows = read_frame(target, SCORES)
    assert rows["clip"].tolist() == ["s1/b", "s1/c"] and rows["subset"].nunique() == 1
    expected = 2.0 * sum(len(clip.images) for clip in clips[1:3])
    assert rows["value"].tolist() == [expected, expected] and rows["weight"].tolist() == [2, 2]
    assert read_metadata(target)["weights"] == {"made": given.sha256}
    other = Metrics(weights={"made": Weights(path=weights, sha256="0" * 64)})
    with pytest.raises(ValueError, match="not 0000"):
        score("made", target, split, frames=[generated], metrics=other)
