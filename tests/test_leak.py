"""One-shot means one shot: of a test clip's pictures nothing but the first frame reaches what is generated.

The rules' own chain of steps from the features on, with small random networks: label_aus, disentangle_faces,
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
    tiny_renderer,
    write_features,
    write_split,
)

from talkface.config import AuLabels, Compute, Evaluation, Mfcc, Sampler
from talkface.models.au_attention import AuGenerator
from talkface.schemas import AUS, GENERATED
from talkface.steps.disentangle_faces import disentangle_faces
from talkface.steps.generate_clips import generate_clips
from talkface.steps.label_aus import label_aus
from talkface.tables import ClipTable
from talkface.training.checkpoint import save_model

COMPUTE = Compute(threads=1, precision="float32")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(3)
    attention = random_weights(AuGenerator(width=8, residual_blocks=1), 3)
    save_model(folder / "attention.safetensors", attention, attention.settings, {})
    return {
        "au_attention": folder / "attention.safetensors",
        "renderer": tiny_renderer(folder / "renderer.safetensors"),
        "autoencoder": tiny_autoencoder(folder / "autoencoder.safetensors"),
    }


def one_shot(folder, clips, models, driving="own"):
    """Every step between the features of s1 and its generated pictures: ({clip: PNG bytes}, AUS table)."""
    features = [write_features(folder, clips, speaker) for speaker in ("s1", "s2")]
    label_aus(
        landmarks=features[0]["landmarks"],
        faces_table=features[0]["faces"],
        speaker="s1",
        aus=AuLabels(),
        aus_table=folder / "aus.parquet",
    )
    disentangle_faces(
        au_attention=models["au_attention"],
        autoencoder=models["autoencoder"],
        faces=features[0]["faces"],
        aus=folder / "aus.parquet",
        identities=folder / "identities.parquet",
        compute=COMPUTE,
    )
    generate_clips(
        renderer=models["renderer"],
        autoencoder=models["autoencoder"],
        identities=folder / "identities.parquet",
        au_features=[paths["au_features"] for paths in features],
        mel=[paths["mel"] for paths in features],
        split=write_split(folder / "split.parquet", clips),
        speaker="s1",
        driving=driving,
        sampler=Sampler(steps=3),
        evaluation=Evaluation(),
        mfcc=Mfcc(),
        crop_size=CROP,
        compute=COMPUTE,
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


@pytest.mark.parametrize("driving", ["own", "other_sound"])
def test_no_frame_but_the_first_reaches_the_output(tmp_path, models, driving):
    clips = small_corpus()
    made, aus = one_shot(tmp_path / "true", clips, models, driving)
    others = [with_other_frames(clip, slice(1, None)) if is_test(clip) else clip for clip in clips]
    perturbed, other_aus = one_shot(tmp_path / "perturbed", others, models, driving)
    assert sorted(made) == ["s1/b", "s1/c"] and made == perturbed
    for clip in made:  # the perturbation did reach the tables, even the first frame's normalised intensities
        before, after = aus.read(clip).to_pydict(), other_aus.read(clip).to_pydict()
        assert before["raw"][0] == after["raw"][0] and before["raw"][1:] != after["raw"][1:]
        assert before["normalised"][0] != after["normalised"][0]


def test_first_frame_its_aus_and_the_sound_do_reach_the_output(tmp_path, models):
    """Without this the test above could pass on networks that ignore all they are given."""
    clips = small_corpus()
    made, _ = one_shot(tmp_path / "true", clips, models)
    b = clips[1]
    first = with_other_frames(b, slice(0, 1))
    changes = {
        "picture": dataclasses.replace(b, images=first.images),
        "mesh": dataclasses.replace(b, points=first.points),
        "mel": dataclasses.replace(b, mel=b.mel[::-1].copy()),
        "sound's AU feature": dataclasses.replace(b, au_feature=b.au_feature[::-1].copy()),
    }
    for name, changed in changes.items():
        other, _ = one_shot(tmp_path / name.replace("'", ""), [clips[0], changed, *clips[2:]], models)
        assert other["s1/b"] != made["s1/b"], f"{name}: does not reach the output"
        assert other["s1/c"] == made["s1/c"]  # nor does one clip reach another
