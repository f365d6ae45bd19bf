"""Of a test clip's pictures nothing reaches what is generated but what its protocol names.

One-shot: the first face alone. Inpaint: the upper halves of the true frames besides. The rules' own chain of
steps from the features on, with small random networks: label_aus, disentangle_faces or encode_first_faces,
generate_clips. Sound features are those of the sound, which no picture touches.
"""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_corpus import (
    CROP,
    random_weights,
    small_corpus,
    tiny_autoencoder,
    tiny_frame_renderer,
    tiny_photo_renderer,
    tiny_renderer,
    tiny_warp_renderer,
    write_features,
    write_split,
)
from tiny_generation import EXACT, generate_from

from talkface.artifacts.schemas import AUS, GENERATED, IDENTITIES
from talkface.artifacts.tables import ClipTable
from talkface.artifacts.weights import save_model
from talkface.config import AuLabels, Evaluation, Faces, Mfcc, Sampler
from talkface.jobs.disentangle_faces import disentangle_faces
from talkface.jobs.encode_first_faces import encode_first_faces
from talkface.jobs.generate_clips import generate_clips
from talkface.jobs.label_aus import label_aus
from talkface.models.au_attention import AuGenerator

HALF = CROP // 2
METHODS = pytest.mark.parametrize(
    ("kind", "disentangled"),
    [
        ("latents", True),
        ("latents", False),
        ("frames", False),
        ("disentangled_frames", True),
        ("warp", False),
        ("masked_warp", True),
        ("photo", False),
    ],
    ids=[
        "paper A",
        "A without disentanglement",
        "paper B",
        "A with a decoder of frames",
        "warp",
        "warp with a mask",
        "A with the photo",
    ],
)
KINDS = pytest.mark.parametrize("kind", ["latents", "frames", "warp", "photo"])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(3)
    attention = random_weights(AuGenerator(width=8, residual_blocks=1), 3)
    save_model(folder / "attention.safetensors", attention, {})
    return {
        "au_attention": folder / "attention.safetensors",
        "autoencoder": tiny_autoencoder(folder / "autoencoder.safetensors"),
        "latents": tiny_renderer(folder / "latents.safetensors"),
        "frames": tiny_frame_renderer(folder / "frames.safetensors"),
        "disentangled_frames": tiny_frame_renderer(folder / "both.safetensors", disentangled=True),
        "warp": tiny_warp_renderer(folder / "warp.safetensors"),
        "photo": tiny_photo_renderer(folder / "photo.safetensors"),
        "masked_warp": tiny_warp_renderer(folder / "masked.safetensors", disentangled=True),
    }


def one_shot(folder, clips, models, kind="latents", disentangled=True, sound=""):
    """Every step between the features of s1 and its generated pictures: ({clip: PNG bytes}, AUS table)."""
    features = [write_features(folder, clips, speaker) for speaker in ("s1", "s2")]
    label_aus(
        landmarks=features[0]["landmarks"],
        faces_table=features[0]["faces"],
        shard="s1",
        aus=AuLabels(),
        faces=Faces(),
        aus_table=folder / "aus.parquet",
    )
    first_faces = {
        "autoencoder": models["autoencoder"],
        "faces": features[0]["faces"],
        "landmarks": features[0]["landmarks"],
        "identities": folder / "identities.parquet",
        "compute": EXACT,
    }
    if disentangled:
        disentangle_faces(au_attention=models["au_attention"], aus=folder / "aus.parquet", **first_faces)
    else:
        encode_first_faces(**first_faces)
    generate_clips(
        renderer=models[kind],
        autoencoder=models["autoencoder"],
        identities=folder / "identities.parquet",
        aus=[paths["au_features"] for paths in features],
        oracle_aus=False,
        mel=[paths["mel"] for paths in features],
        faces=None,
        split=write_split(folder / "split.parquet", clips),
        speakers=["s1"],
        sound=sound,
        sampler=Sampler(steps=3),
        evaluation=Evaluation(),
        mfcc=Mfcc(),
        crop_size=CROP,
        compute=EXACT,
        seed=0,
        generated=folder / "generated.parquet",
    )
    made = {
        clip: rows["image"].to_pylist() for clip, rows in ClipTable(folder / "generated.parquet", GENERATED)
    }
    return made, ClipTable(folder / "aus.parquet", AUS)


def is_test(clip):
    return clip.subset in ("seen_test", "unseen_test")


def with_other_frames(clip, frames):
    """The clip with pictures, meshes and detections of the given frames replaced by others."""
    rng = np.random.default_rng(9)
    images, points, detected = clip.images.copy(), clip.points.copy(), clip.detected.copy()
    images[frames] = rng.integers(0, 255, images[frames].shape, dtype=np.uint8)
    points[frames] += rng.normal(0, 1, points[frames].shape).astype(np.float32)
    detected[frames] = rng.random(len(detected[frames])) < 0.7
    return dataclasses.replace(clip, images=images, points=points, detected=detected)


@METHODS
@pytest.mark.parametrize("sound", ["", "_other_sound"])
def test_no_frame_but_the_first_reaches_the_output(tmp_path, models, sound, kind, disentangled):
    clips = small_corpus()
    made, aus = one_shot(tmp_path / "true", clips, models, kind, disentangled, sound)
    others = [with_other_frames(clip, slice(1, None)) if is_test(clip) else clip for clip in clips]
    perturbed, other_aus = one_shot(tmp_path / "perturbed", others, models, kind, disentangled, sound)
    assert sorted(made) == ["s1/b", "s1/c"] and made == perturbed
    for clip in made:  # the perturbation did reach the tables, even the first frame's normalised intensities
        before, after = aus.read(clip).to_pydict(), other_aus.read(clip).to_pydict()
        assert before["raw"][0] == after["raw"][0] and before["raw"][1:] != after["raw"][1:]
        assert before["normalised"][0] != after["normalised"][0]


@METHODS
def test_first_frame_its_aus_and_the_sound_do_reach_the_output(tmp_path, models, kind, disentangled):
    """Without this the test above could pass on networks that ignore all they are given."""
    clips = small_corpus()
    made, _ = one_shot(tmp_path / "true", clips, models, kind, disentangled)
    b = clips[1]
    first = with_other_frames(b, slice(0, 1))
    changes = {
        "picture": dataclasses.replace(b, images=first.images),
        "mesh": dataclasses.replace(b, points=first.points),
        "mel": dataclasses.replace(b, mel=b.mel[::-1].copy()),
        "sound's AU feature": dataclasses.replace(b, au_feature=b.au_feature[::-1].copy()),
    }
    for name, changed in changes.items():
        folder = tmp_path / name.replace("'", "")
        other, _ = one_shot(folder, [clips[0], changed, *clips[2:]], models, kind, disentangled)
        # the mesh gives AU-Attention the face's AUs, and what starts from the photo its landmarks
        reaches = disentangled or kind in ("warp", "photo") or name != "mesh"
        assert (other["s1/b"] != made["s1/b"]) == reaches, f"{name}: {'does not reach' * reaches} the output"
        assert other["s1/c"] == made["s1/c"]  # nor does one clip reach another


@METHODS
def test_a_grey_beginning_is_skipped(tmp_path, models, kind, disentangled):
    """Some clips of GRID begin with a grey picture; the first frame with a face is taken instead."""
    clips = small_corpus()
    late = dataclasses.replace(clips[1], images=clips[1].images.copy())
    late.images[:2] = 128
    late.detected = np.arange(len(late.images)) >= 2
    made, _ = one_shot(tmp_path / "grey", [clips[0], late, *clips[2:]], models, kind, disentangled)
    row = ClipTable(tmp_path / "grey" / "identities.parquet", IDENTITIES).read("s1/b").to_pylist()[0]
    assert row["frame"] == 2 and row["image"] == late.images[2].tobytes()

    black = dataclasses.replace(late, images=late.images.copy())
    black.images[:2] = 0
    same, _ = one_shot(tmp_path / "black", [clips[0], black, *clips[2:]], models, kind, disentangled)
    assert same == made
    black.images[2] = 255 - black.images[2]
    other, _ = one_shot(tmp_path / "other", [clips[0], black, *clips[2:]], models, kind, disentangled)
    assert other["s1/b"] != made["s1/b"]


# ---- inpaint


def with_other_rows(clip, rows):
    """The clip with some rows of every frame replaced by others."""
    images = clip.images.copy()
    images[:, rows] = np.random.default_rng(9).integers(0, 255, images[:, rows].shape, dtype=np.uint8)
    return dataclasses.replace(clip, images=images)


@KINDS
def test_inpaint_looks_at_the_upper_halves_alone(tmp_path, models, kind):
    """The first face, which is known whole in both protocols, stays as it is."""
    clips = small_corpus()
    made = generate_from(tmp_path, clips, models, kind=kind, shown=clips)
    lower = [with_other_rows(clip, slice(HALF, None)) for clip in clips]
    hidden = generate_from(tmp_path, clips, models, kind=kind, shown=lower)
    assert list(made) == ["s1/b", "s1/c"]
    assert all(np.array_equal(made[clip], hidden[clip]) for clip in made)
    upper = [with_other_rows(clip, slice(0, HALF)) for clip in clips]
    seen = generate_from(tmp_path, clips, models, kind=kind, shown=upper)
    assert all(not np.array_equal(made[clip][frame], seen[clip][frame]) for clip in made for frame in (0, 9))
    blind = generate_from(tmp_path, clips, models, kind=kind)
    assert not np.array_equal(made["s1/b"], blind["s1/b"])


@KINDS
def test_one_true_frame_reaches_that_frame_alone(tmp_path, models, kind):
    clips = small_corpus()
    made = generate_from(tmp_path, clips, models, kind=kind, shown=clips)["s1/b"]
    other = dataclasses.replace(clips[1], images=clips[1].images.copy())
    other.images[4] = 255 - other.images[4]
    changed = generate_from(tmp_path, clips, models, kind=kind, shown=[clips[0], other, *clips[2:]])["s1/b"]
    same = np.arange(len(made)) != 4
    assert np.array_equal(made[same], changed[same]) and not np.array_equal(made[4], changed[4])
