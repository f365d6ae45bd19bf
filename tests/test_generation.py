"""Selection of clips, controls and scores, on the tables of a tiny corpus."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_corpus import (
    CROP,
    landmark_rows,
    make_clip,
    small_corpus,
    tiny_autoencoder,
    tiny_renderer,
    write_features,
    write_generated,
    write_identities,
    write_split,
)

from talkface.config import AuLabels, Compute, Corpus, Evaluation, Gallery, Mfcc, Sampler
from talkface.features.landmarks import mouth_points
from talkface.generation.controls import mean_mouth_points, shown_frames
from talkface.generation.selection import evaluation_clips, gallery_clips, other_sound
from talkface.generation.side_by_side import side_by_side
from talkface.media.audio import read_audio
from talkface.media.images import decode_png
from talkface.media.video import read_frames, write_video
from talkface.metrics.presence import pooled_f1
from talkface.models.autoencoder import VQAutoencoder
from talkface.schemas import AU_NAMES, AUS, CLIPS, GENERATED, LANDMARKS, SCORES, SPLIT
from talkface.steps.generate_clips import generate_clips
from talkface.steps.generate_controls import generate_controls
from talkface.steps.label_aus import label_aus
from talkface.steps.render_gallery import render_gallery
from talkface.steps.score_aus import score_aus
from talkface.steps.score_lips import score_lips
from talkface.steps.score_pixels import score_pixels
from talkface.steps.track_generated import track_generated
from talkface.tables import (
    ClipTable,
    TableError,
    TableWriter,
    read_frame,
    read_metadata,
    read_table,
    write_table,
)
from talkface.training.checkpoint import load_model

ALL = Evaluation()


def split_table(tmp_path, clips):
    return read_table(write_split(tmp_path / "split.parquet", clips), SPLIT)


def bare(name, subset):
    return dataclasses.replace(_BARE, name=name, subset=subset)


_BARE = make_clip("s1/a", "train", 3, 0)


@pytest.fixture
def truth(tmp_path):
    clips = small_corpus()
    split = write_split(tmp_path / "split.parquet", clips)
    features = {speaker: write_features(tmp_path, clips, speaker) for speaker in ("s1", "s2")}
    return clips, split, features


# ---- which clips


def test_evaluated_clips_are_test_clips_evenly_spaced(tmp_path):
    clips = [bare(f"s1/{number:02}", "seen_test") for number in range(20)]
    clips += [bare("s1/x", "train"), bare("s1/y", "unused"), bare("s2/z", "unseen_test")]
    table = split_table(tmp_path, clips[::-1])
    assert evaluation_clips(table, "s1", ALL) == [f"s1/{number:02}" for number in range(20)]
    assert evaluation_clips(table, "s1", Evaluation(max_clips_per_speaker=2)) == ["s1/05", "s1/15"]
    assert evaluation_clips(table, "s1", Evaluation(max_clips_per_speaker=1)) == ["s1/10"]
    assert evaluation_clips(table, "s2", ALL) == ["s2/z"]
    assert evaluation_clips(table, "s3", ALL) == []


def test_other_sound_is_never_the_clips_own(tmp_path):
    clips = [bare(f"s1/{number}", "seen_test") for number in range(5)]
    clips += [
        bare("s2/a", "unseen_test"),
        bare("s2/b", "train"),
        bare("s3/a", "unseen_test"),
        bare("s3/b", "unused"),
    ]
    table = split_table(tmp_path, clips)
    pairs = other_sound(table, "s1", ALL)
    assert sorted(pairs) == sorted(pairs.values()) == [f"s1/{number}" for number in range(5)]
    assert all(clip != other for clip, other in pairs.items())
    assert pairs == other_sound(table, "s1", ALL)
    assert any(other_sound(table, "s1", Evaluation(seed=seed)) != pairs for seed in range(1, 5))
    assert other_sound(table, "s2", ALL) == {"s2/a": "s2/b"}  # the speaker's only other usable clip
    borrowed = other_sound(table, "s3", ALL)[
        "s3/a"
    ]  # its other clip is not usable: another speaker's test clip
    assert borrowed in {clip.name for clip in clips if clip.subset.endswith("test")} - {"s3/a"}
    assert other_sound(table, "s9", ALL) == {}
    with pytest.raises(ValueError, match="only usable clip"):
        other_sound(split_table(tmp_path, [bare("s2/a", "unseen_test")]), "s2", ALL)


def test_gallery_takes_clips_of_many_speakers_and_always_as_many_as_declared(tmp_path):
    names = ["s1/a", "s1/b", "s2/a", "s2/b"]
    seen = [bare(name, "seen_test") for name in names]
    table = split_table(tmp_path, [*seen, bare("s3/a", "unseen_test")])
    assert gallery_clips(table, ALL, Gallery(clips_per_subset=2)) == ["s1/a", "s2/a", "s1/b", "s3/a"]
    assert gallery_clips(table, ALL, Gallery(clips_per_subset=1)) == ["s1/a", "s3/a"]
    assert gallery_clips(table, Evaluation(max_clips_per_speaker=1), Gallery(clips_per_subset=2)) == [
        "s1/b", "s2/b", "s1/b", "s3/a",
    ]  # fmt: skip
    assert gallery_clips(table, ALL, Gallery(clips_per_subset=0)) == []
    with pytest.raises(ValueError, match="no usable test clip"):
        gallery_clips(split_table(tmp_path, [bare("s1/a", "train")]), ALL, Gallery())


# ---- controls


def test_controls_show_true_frames(tmp_path):
    clips = small_corpus()
    split = write_split(tmp_path / "split.parquet", clips)
    paths = write_features(tmp_path, clips, "s1")
    shown = {}
    for method in ("static", "mean_mouth", "ground_truth"):
        target = tmp_path / f"{method}.parquet"
        generate_controls(
            method=method,
            faces=paths["faces"],
            landmarks=paths["landmarks"],
            split=split,
            autoencoder=None,
            speaker="s1",
            evaluation=ALL,
            compute=Compute(threads=1, precision="float32"),
            generated=target,
        )
        table = ClipTable(target, GENERATED)
        assert table.clips == ["s1/b", "s1/c"]
        shown[method] = [decode_png(image) for image in table.read("s1/c")["image"].to_pylist()]
    truth = clips[2].images
    assert np.array_equal(shown["ground_truth"], truth)
    assert np.array_equal(shown["static"], np.repeat(truth[:1], len(truth), axis=0))
    held = int(shown_frames("mean_mouth", clips[2].points, len(truth))[0])
    assert held != 0 and np.array_equal(
        shown["mean_mouth"], np.repeat(truth[held : held + 1], len(truth), axis=0)
    )
    with pytest.raises(ValueError, match="unknown control"):
        shown_frames("ours", clips[2].points, 3)


def test_mean_mouth_is_the_oracles():
    points = make_clip("s1/a", "train", 40, 5).points
    mean = mean_mouth_points(points)
    assert mean.shape == points.shape and np.ptp(mean, axis=0).max() == 0
    assert mean[0] == pytest.approx(points.mean(axis=0), abs=1e-3)
    nearest = shown_frames("mean_mouth", points, 40)[0]
    mouths = [mouth - mouth.mean(axis=0) for mouth in mouth_points(points)]
    distances = [np.hypot(*(mouth - sum(mouths) / 40).T).mean() for mouth in mouths]
    assert nearest == np.argmin(distances) != 0


# ---- clips


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "renderer": tiny_renderer(folder / "renderer.safetensors"),
        "autoencoder": tiny_autoencoder(folder / "autoencoder.safetensors"),
    }


@pytest.fixture
def generate(tmp_path, models):
    """``generate(clips, speaker, driving, **sampler)`` -> {clip: pictures [T, S, S, 3]}."""

    def run(clips, speaker="s1", driving="own", seed=0, compute=None, **sampler):
        features = [write_features(tmp_path, clips, name) for name in ("s1", "s2")]
        generate_clips(
            **models,
            identities=write_identities(
                tmp_path / "identities.parquet", [clip for clip in clips if clip.name[:2] == speaker]
            ),
            au_features=[paths["au_features"] for paths in features],
            mel=[paths["mel"] for paths in features],
            split=write_split(tmp_path / "split.parquet", clips),
            speaker=speaker,
            driving=driving,
            sampler=Sampler(**{"steps": 3, "batch_frames": 64, **sampler}),
            evaluation=ALL,
            mfcc=Mfcc(),
            crop_size=CROP,
            compute=compute or Compute(threads=1, precision="float32"),
            seed=seed,
            generated=tmp_path / "generated.parquet",
        )
        made = {}
        for clip, rows in ClipTable(tmp_path / "generated.parquet", GENERATED):
            made.setdefault(clip, []).extend(rows["image"].to_pylist())
        return {clip: np.stack([decode_png(image) for image in images]) for clip, images in made.items()}

    return run


def difference(one, other):
    return np.abs(one.astype(int) - other.astype(int))


def test_every_test_clip_is_generated_at_its_own_length(generate):
    clips = small_corpus()
    made = generate(clips)
    assert {clip: images.shape for clip, images in made.items()} == {
        clip.name: (len(clip.images), CROP, CROP, 3) for clip in clips[1:3]
    }
    again = generate(clips)
    assert all(np.array_equal(made[clip], again[clip]) for clip in made)
    assert difference(made["s1/b"], generate(clips, seed=1)["s1/b"]).mean() > 0.5
    assert list(generate(clips, speaker="s2")) == ["s2/d"]


def test_a_speaker_without_test_clips_has_empty_tables(tmp_path, generate, truth):
    _, split, features = truth
    trained = [
        dataclasses.replace(clip, subset="train") if clip.name == "s2/d" else clip for clip in small_corpus()
    ]
    assert generate(trained, speaker="s2") == {}
    made = tmp_path / "generated.parquet"
    track_generated(
        generated=made,
        method="ours",
        landmarks_true=features["s2"]["landmarks"],
        landmarks=tmp_path / "found.parquet",
    )
    pixels, lips, aus = (tmp_path / f"{name}.scores.parquet" for name in ("pixels", "lips", "aus"))
    found, true = [tmp_path / "found.parquet"], [features["s2"]["landmarks"]]
    score_pixels(
        generated=[made], faces=[features["s2"]["faces"]], split=split, crop_size=CROP, scores=pixels
    )
    score_lips(landmarks_generated=found, landmarks_true=true, split=split, scores=lips)
    score_aus(
        landmarks_generated=found,
        generated=[made],
        aus=[features["s2"]["aus"]],
        split=split,
        labels=AuLabels(),
        scores=aus,
    )
    assert [len(read_frame(path, SCORES)) for path in (pixels, lips, aus)] == [0, 0, 0]


@pytest.mark.parametrize("shared_noise", [True, False])
def test_the_batch_split_does_not_matter(generate, shared_noise):
    whole = generate(small_corpus(), shared_noise=shared_noise, eta=0.5)["s1/b"]
    split = generate(small_corpus(), shared_noise=shared_noise, eta=0.5, batch_frames=4)["s1/b"]
    # Another batch size rounds differently, and a latent between two codes may then fall to the other.
    assert difference(whole, split).mean() < 0.05 and whole.shape == split.shape
    assert difference(whole[1:], whole[:-1]).mean() > 0.5  # frames do differ


def test_long_clips_run_in_windows(generate):
    clips = [make_clip("s1/a", "seen_test", 60, 7), *small_corpus()[1:]]
    windowed = generate(clips, fusion_window_frames=20, fusion_overlap_frames=6)["s1/a"]
    parts = generate(clips, fusion_window_frames=20, fusion_overlap_frames=6, batch_frames=7)["s1/a"]
    assert windowed.shape == (60, CROP, CROP, 3)
    assert difference(windowed, parts).mean() < 0.05
    whole = generate(clips)["s1/a"]
    assert difference(whole, windowed).mean() < difference(whole, whole[::-1]).mean()


def test_the_sound_of_a_frame_moves_that_frame(generate):
    clips = small_corpus()
    before = generate(clips)["s1/b"]
    clips[1].mel[4 * 12 :] += np.linspace(-3, 3, clips[1].mel.shape[1], dtype=np.float32)
    after = generate(clips)["s1/b"]
    assert difference(before, after)[12:].mean() > 5 * difference(before, after)[:4].mean()
    clips[1].au_feature[12:] += 1
    assert difference(after, generate(clips)["s1/b"])[12:].mean() > 0.1


def test_another_clips_sound_takes_the_place_of_the_clips_own(generate):
    clips = small_corpus()
    made = generate(clips, driving="other_sound")
    assert {clip: len(images) for clip, images in made.items()} == {"s1/b": 15, "s1/c": 11}
    b, c = clips[1], clips[2]  # the two are driven by each other's sound
    swapped = [
        clips[0],
        dataclasses.replace(b, mel=c.mel, au_feature=c.au_feature),  # shorter: its last moment is held
        dataclasses.replace(c, mel=b.mel[: 4 * 11 + 1], au_feature=b.au_feature[:11]),
        clips[3],
    ]
    swapped[1].au_feature = np.concatenate([c.au_feature, np.repeat(c.au_feature[-1:], 4, axis=0)])
    swapped[1].mel = np.concatenate([c.mel, np.repeat(c.mel[-1:], 16, axis=0)])
    own = generate(swapped)
    assert all(np.array_equal(made[clip], own[clip]) for clip in made)
    assert difference(made["s1/b"], generate(clips)["s1/b"]).mean() > 0.5
    borrowed = generate(clips, speaker="s2", driving="other_sound")["s2/d"]  # s2 has no second clip
    assert difference(borrowed, generate(clips, speaker="s2")["s2/d"]).mean() > 0.5


def test_bfloat16_stays_near_float32(generate):
    exact = generate(small_corpus())["s1/b"]
    rounded = generate(small_corpus(), compute=Compute(threads=1, precision="bfloat16"))["s1/b"]
    assert 0 < difference(exact, rounded).mean() < 12


def test_control_autoencoder_shows_what_the_codes_keep(tmp_path, truth, models):
    clips, split, features = truth
    target = tmp_path / "autoencoder.parquet"
    arguments = {
        "method": "autoencoder",
        "faces": features["s1"]["faces"],
        "landmarks": features["s1"]["landmarks"],
        "split": split,
        "speaker": "s1",
        "evaluation": ALL,
        "compute": Compute(threads=1, precision="float32"),
        "generated": target,
    }
    generate_controls(**arguments, autoencoder=models["autoencoder"])
    shown = np.stack(
        [decode_png(image) for image in ClipTable(target, GENERATED).read("s1/b")["image"].to_pylist()]
    )
    network = load_model(models["autoencoder"], lambda settings: VQAutoencoder(**settings))
    x = torch.from_numpy(clips[1].images).permute(0, 3, 1, 2).float() / 127.5 - 1
    quantised = ((network.decode(network.encode(x)) + 1) * 127.5).clamp(0, 255).permute(0, 2, 3, 1).numpy()
    plain = ((network.decode(network.encode(x), quantise=False) + 1) * 127.5).clamp(0, 255)
    assert np.abs(shown - quantised).max() < 0.6
    assert np.abs(shown - plain.permute(0, 2, 3, 1).numpy()).mean() > 1  # the codes are part of it
    with pytest.raises(ValueError, match="needs the weights"):
        generate_controls(**arguments, autoencoder=None)


# ---- scores


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
        score_pixels(generated=paths, faces=faces, split=split, crop_size=CROP, scores=results[name])
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
        score_lips(
            landmarks_generated=[write_landmarks(tmp_path / f"{name}.parquet", made)],
            landmarks_true=[features[speaker]["landmarks"] for speaker in ("s1", "s2")],
            split=split,
            scores=scored[name],
        )
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
        speaker=speaker,
        aus=AuLabels(**settings),
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
        score_aus(
            landmarks_generated=[write_landmarks(tmp_path / f"{name}.parquet", made)],
            generated=[write_generated(tmp_path / f"{name}.images.parquet", made)],
            aus=aus,
            split=split,
            labels=AuLabels(),
            scores=tmp_path / "scores.parquet",
        )
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
    score_aus(
        landmarks_generated=[features["s1"]["landmarks"]],
        generated=[],
        aus=[features["s1"]["aus"]],
        split=split,
        labels=AuLabels(backend="openface", openface_csv=tmp_path / "csv"),
        scores=tmp_path / "scores.parquet",
    )
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
    score_lips(
        landmarks_generated=[write_landmarks(tmp_path / "found.parquet", [clip])],
        landmarks_true=[
            write_landmarks(
                tmp_path / "true.parquet", [dataclasses.replace(clip, points=wild, detected=detected)]
            )
        ],
        split=split,
        scores=target,
    )
    assert values(target, clip.name)["lmd_px"] == 0
    assert values(target, clip.name)["lip_correlation"] == pytest.approx(1)


def test_a_clip_of_another_length_is_refused_by_name(tmp_path, truth):
    clips, split, features = truth
    short = dataclasses.replace(clips[1], images=clips[1].images[:-1])
    with pytest.raises(TableError, match="'s1/b': 14 frames of pictures for 15"):
        score_pixels(
            generated=[write_generated(tmp_path / "short.parquet", [short])],
            faces=[features["s1"]["faces"]],
            split=split,
            crop_size=CROP,
            scores=tmp_path / "scores.parquet",
        )
    assert not (tmp_path / "scores.parquet").exists()


def test_mean_mouth_is_written_not_tracked(tmp_path, truth):
    clips, _, features = truth
    target = tmp_path / "landmarks.parquet"
    track_generated(
        generated=write_generated(tmp_path / "mean.parquet", [clips[1]]),
        method="mean_mouth",
        landmarks_true=features["s1"]["landmarks"],
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
        generated=write_generated(tmp_path / "ours.parquet", [grey]),
        method="ours",
        landmarks_true=features["s1"]["landmarks"],
        landmarks=target,
    )
    assert not any(ClipTable(target, LANDMARKS).read("s1/b")["detected"].to_pylist())


# ---- pictures for people


def test_truth_and_generated_stand_side_by_side():
    black, grey = (np.full((16, 16, 3), value, np.uint8) for value in (0, 50))
    pair = side_by_side({"true": black, "generated": grey})
    assert pair.shape == (48 + 22, 96, 3) and pair[24, 24, 0] == 0 and pair[24, 72, 0] == 50
    assert pair[48:, :48].min() < 128 and pair[48:, 48:].min() < 128  # the labels are there


@pytest.mark.parametrize("driving", ["own", "other_sound"])
def test_gallery_videos_carry_the_sound_that_drove_them(tmp_path, truth, driving):
    clips, split, features = truth
    tones = {"s1/b": 400.0, "s1/c": 1200.0, "s2/d": 2500.0}  # Hz
    root = tmp_path / "corpus"
    for clip in clips[1:]:
        time_S = np.arange(len(clip.images) * 640) / 16_000
        tone = 0.5 * np.sin(2 * np.pi * tones[clip.name] * time_S).astype(np.float32)
        write_video(root / f"{clip.name}.mp4", clip.images, audio=tone)
    rows = [
        {
            "clip": clip.name,
            "speaker": clip.name[:2],
            "utterance": clip.name[3:],
            "path": f"{clip.name}.mp4",
            "size_bytes": 1,
            "words": [],
        }
        for clip in clips[1:]
    ]
    write_table(tmp_path / "clips.parquet", CLIPS, rows)
    videos = [tmp_path / "gallery" / f"{number}.mp4" for number in range(2)]
    render_gallery(
        generated=[write_generated(tmp_path / "ours.parquet", clips[1:])],
        faces=[features["s1"]["faces"], features["s2"]["faces"]],
        clips=[tmp_path / "clips.parquet"],
        split=split,
        method="ours",
        driving=driving,
        corpus=Corpus(root=root),
        evaluation=ALL,
        gallery=Gallery(clips_per_subset=1),
        videos=videos,
    )
    shown = {"own": ["s1/b", "s2/d"], "other_sound": ["s1/c", None]}[driving]
    for video, clip, source in zip(videos, (clips[1], clips[3]), shown, strict=True):
        pictures = list(read_frames(video))
        assert len(pictures) == len(clip.images)
        assert pictures[0].shape[1] == 6 * CROP and pictures[0].shape[0] in (3 * CROP + 22, 3 * CROP + 23)
        half = pictures[0][: 3 * CROP]
        assert (
            np.abs(half[:, : 3 * CROP].astype(int) - half[:, 3 * CROP :]).mean() < 6
        )  # both are the truth here
        sound = read_audio(video, num_frames=len(clip.images))
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        peak_hz = np.fft.rfftfreq(len(sound), 1 / 16_000)[spectrum.argmax()]
        expected = [tones[source]] if source else [tones["s1/b"], tones["s1/c"]]
        assert min(abs(peak_hz - tone) for tone in expected) < 30


def test_gallery_refuses_a_wrong_number_of_videos(tmp_path, truth):
    _, split, _ = truth
    with pytest.raises(ValueError, match="1 videos declared for 2 clips"):
        render_gallery(
            generated=[],
            faces=[],
            clips=[],
            split=split,
            method="ours",
            driving="own",
            corpus=Corpus(),
            evaluation=ALL,
            gallery=Gallery(clips_per_subset=1),
            videos=[tmp_path / "0.mp4"],
        )
