"""The control rows: true frames held, pasted, or passed through the autoencoder."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_corpus import (
    CROP,
    make_clip,
    small_corpus,
    tiny_autoencoder,
    tiny_photo_renderer,
    write_features,
    write_identities,
    write_split,
)

from talkface.artifacts.schemas import GENERATED
from talkface.artifacts.tables import ClipTable
from talkface.artifacts.weights import load_model
from talkface.config import Compute, Evaluation
from talkface.data.face_shapes import crop_points
from talkface.data.stores import identity_store
from talkface.evaluation.controls import lenders, mean_mouth_points, shown_frames
from talkface.features.landmarks import lip_opening, mouth_points
from talkface.jobs.generate_controls import generate_controls
from talkface.media.images import decode_png
from talkface.metrics.families.stillness import loudness
from talkface.metrics.sharpness import laplacian_variance
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.photo_renderer import PhotoRenderer

HALF = CROP // 2


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory):
    return tiny_autoencoder(tmp_path_factory.mktemp("models") / "autoencoder.safetensors")


def control(
    folder, clips, method, protocol="one_shot", autoencoder=None, identities=None, others=None, shift=5
):
    """The pictures [T, S, S, 3] of a control of speaker s1, by clip."""
    paths = write_features(folder, clips, "s1")
    target = folder / f"{method}.{protocol}.parquet"
    generate_controls(
        control=method,
        protocol=protocol,
        faces=paths["faces"],
        landmarks=paths["landmarks"],
        split=write_split(folder / "split.parquet", clips),
        autoencoder=autoencoder,
        identities=identities,
        mel=paths["mel"] if method == "loudness" else None,
        others=others,
        speakers=["s1"],
        evaluation=Evaluation(),
        compute=Compute(threads=1, precision="float32"),
        shift_frames=shift,
        clips_per_speaker=None,
        generated=target,
    )
    return {
        clip: np.stack([decode_png(image) for image in rows["image"].to_pylist()])
        for clip, rows in ClipTable(target, GENERATED)
    }


def test_controls_show_true_frames(tmp_path):
    clips = small_corpus()
    shown = {method: control(tmp_path, clips, method) for method in ("static", "mean_mouth", "ground_truth")}
    assert all(list(made) == ["s1/b", "s1/c"] for made in shown.values())
    truth = clips[2].images
    assert np.array_equal(shown["ground_truth"]["s1/c"], truth)
    assert np.array_equal(shown["static"]["s1/c"], np.repeat(truth[:1], len(truth), axis=0))
    held = int(shown_frames("mean_mouth", clips[2].points, [True] * len(truth))[0])
    assert held != 0
    assert np.array_equal(shown["mean_mouth"]["s1/c"], np.repeat(truth[held : held + 1], len(truth), axis=0))
    with pytest.raises(ValueError, match="unknown control"):
        shown_frames("ours", clips[2].points, [True] * 3)


def test_static_holds_the_first_frame_with_a_face(tmp_path):
    clips = small_corpus()
    late = dataclasses.replace(clips[1], detected=np.arange(len(clips[1].images)) >= 2)
    shown = control(tmp_path, [clips[0], late, *clips[2:]], "static")["s1/b"]
    assert np.array_equal(shown, np.repeat(late.images[2:3], len(late.images), axis=0))
    assert shown_frames("static", late.points, [False] * 4).tolist() == [0] * 4


@pytest.mark.parametrize("method", ["static", "mean_mouth"])
def test_inpaint_controls_have_the_true_upper_half(tmp_path, method):
    clips = small_corpus()
    held = control(tmp_path, clips, method)["s1/b"]
    shown, truth = control(tmp_path, clips, method, "inpaint")["s1/b"], clips[1].images
    assert np.array_equal(shown[:, :HALF], truth[:, :HALF])
    assert np.array_equal(shown[:, HALF:], held[:, HALF:])
    assert not np.array_equal(held[:, :HALF], truth[:, :HALF])  # or else nothing is tested here


def test_inpaint_leaves_the_ground_truth_and_pastes_over_the_autoencoder(tmp_path, autoencoder):
    clips = small_corpus()
    truth = clips[1].images
    assert np.array_equal(control(tmp_path, clips, "ground_truth", "inpaint")["s1/b"], truth)
    coded = control(tmp_path, clips, "autoencoder", autoencoder=autoencoder)["s1/b"]
    pasted = control(tmp_path, clips, "autoencoder", "inpaint", autoencoder)["s1/b"]
    assert np.array_equal(pasted[:, :HALF], truth[:, :HALF])
    assert np.array_equal(pasted[:, HALF:], coded[:, HALF:])
    assert not np.array_equal(coded[:, :HALF], truth[:, :HALF])


def test_mean_mouth_is_the_oracles():
    points = make_clip("s1/a", "train", 40, 5).points
    mean = mean_mouth_points(points)
    assert mean.shape == points.shape and np.ptp(mean, axis=0).max() == 0
    assert mean[0] == pytest.approx(points.mean(axis=0), abs=1e-3)
    nearest = shown_frames("mean_mouth", points, [True] * 40)[0]
    mouths = [mouth - mouth.mean(axis=0) for mouth in mouth_points(points)]
    distances = [np.hypot(*(mouth - sum(mouths) / 40).T).mean() for mouth in mouths]
    assert nearest == np.argmin(distances) != 0


def test_control_autoencoder_shows_what_the_codes_keep(tmp_path, autoencoder):
    clips = small_corpus()
    shown = control(tmp_path, clips, "autoencoder", autoencoder=autoencoder)["s1/b"]
    network = load_model(autoencoder, VQAutoencoder)
    x = torch.from_numpy(clips[1].images).permute(0, 3, 1, 2).float() / 127.5 - 1
    quantised = ((network.decode(network.encode(x)) + 1) * 127.5).clamp(0, 255).permute(0, 2, 3, 1).numpy()
    plain = ((network.decode(network.encode(x), quantise=False) + 1) * 127.5).clamp(0, 255)
    assert np.abs(shown - quantised).max() < 0.6
    assert np.abs(shown - plain.permute(0, 2, 3, 1).numpy()).mean() > 1  # the codes are part of it
    with pytest.raises(ValueError, match="needs the weights"):
        control(tmp_path, clips, "autoencoder")


def test_a_variants_own_autoencoder_sees_the_clips_first_face(tmp_path):
    clips = small_corpus()
    weights = tiny_photo_renderer(tmp_path / "photo.safetensors")
    identities = write_identities(tmp_path / "identities.parquet", clips[:3])
    shown = control(tmp_path, clips, "photo_autoencoder", autoencoder=weights, identities=identities)["s1/b"]
    network, face = load_model(weights, PhotoRenderer), identity_store([identities], CROP)["s1/b"]
    x = torch.from_numpy(clips[1].images).permute(0, 3, 1, 2).float() / 127.5 - 1
    points = crop_points(clips[1].points.reshape(len(x), -1), CROP)
    with torch.no_grad():
        rebuilt = ((network.rebuilt(x, points, face) + 1) * 127.5).clamp(0, 255).permute(0, 2, 3, 1).numpy()
        other = network.rebuilt(x, points, identity_store([identities], CROP)["s1/c"])
    assert np.abs(shown - rebuilt).max() < 0.6
    assert np.abs(shown - ((other + 1) * 127.5).clamp(0, 255).permute(0, 2, 3, 1).numpy()).mean() > 1


def test_early_and_late_are_the_true_frames_shifted(tmp_path):
    clips = small_corpus()
    truth = clips[1].images
    early, late = (control(tmp_path, clips, name, shift=3)["s1/b"] for name in ("early", "late"))
    assert np.array_equal(early[:-3], truth[3:]) and np.array_equal(early[-3:], truth[[-1] * 3])
    assert np.array_equal(late[3:], truth[:-3]) and np.array_equal(late[:3], truth[[0] * 3])
    points = clips[1].points
    assert shown_frames("late", points, [True] * len(points), shift=99).tolist() == [0] * len(points)


def test_loudness_opens_the_mouth_the_wider_the_louder_it_is(tmp_path):
    clips = small_corpus()
    points, images = clips[1].points, clips[1].images
    heard = loudness(clips[1].mel, len(images), 4)
    shown = shown_frames("loudness", points, [True] * len(images), loudness_T=heard)
    assert sorted(shown) == list(range(len(images))), "every true frame once"
    assert (np.diff(lip_opening(points)[shown][np.argsort(heard)]) >= 0).all()
    assert np.array_equal(control(tmp_path, clips, "loudness")["s1/b"], images[shown])


def test_blurred_and_coded_frames_are_the_true_ones_a_little_worse(tmp_path):
    clips = small_corpus()
    grain = np.random.default_rng(0).integers(0, 255, clips[1].images.shape, dtype=np.uint8)
    clips[1] = dataclasses.replace(clips[1], images=grain)
    soft, coded = (control(tmp_path, clips, name)["s1/b"] for name in ("blurred", "codec"))
    assert soft.shape == coded.shape == grain.shape
    assert laplacian_variance(soft).max() < 0.2 * laplacian_variance(grain).min()
    grey = np.repeat(small_corpus()[1].images[..., :1], 3, axis=-1)
    clips[1] = dataclasses.replace(clips[1], images=grey)
    error = np.abs(control(tmp_path, clips, "codec")["s1/b"].astype(int) - grey)
    assert 0 < error.mean() < 3


def test_another_clip_is_shown_in_its_place(tmp_path):
    clips = small_corpus()
    shown = control(tmp_path, clips, "other_clip")
    length = len(clips[1].images)
    lent = [clip for clip in clips if clip.name.startswith("s1/") and clip.name != "s1/b"]
    expected = [clip.images[np.minimum(np.arange(length), len(clip.images) - 1)] for clip in lent]
    assert any(np.array_equal(shown["s1/b"], images) for images in expected)
    others = write_features(tmp_path / "others", clips, "s2")["faces"]
    foreign = control(tmp_path, clips, "other_face", others=others)
    assert list(foreign) == ["s1/b", "s1/c"]
    theirs = next(clip for clip in clips if clip.name.startswith("s2/"))
    held = np.minimum(np.arange(length), len(theirs.images) - 1)
    assert np.array_equal(foreign["s1/b"], theirs.images[held])
    assert not control(tmp_path, clips, "other_face"), "nobody else is in the speaker's own table"


def test_a_lender_is_never_the_clip_itself_and_only_where_there_is_one():
    known = ["s1/a", "s1/b", "s2/a"]
    assert lenders("other_clip", ["s1/a", "s2/a"], known) == {"s1/a": "s1/b"}
    assert lenders("other_face", ["s1/a", "s2/a"], known) == {"s1/a": "s2/a", "s2/a": "s1/b"}
