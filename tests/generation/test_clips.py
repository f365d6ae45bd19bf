"""Generated clips: lengths, batches, windows, and whose sound drives them; for renderers of both kinds."""

import dataclasses

import numpy as np
import pytest
from tiny_corpus import CROP, make_clip, small_corpus
from tiny_generation import EXACT, difference, generate_from, tiny_models

from talkface.generation import opening, painters

KINDS = pytest.mark.parametrize("kind", ["latents", "frames", "warp", "photo"])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def generate(tmp_path, models):
    """``generate(clips, **changes)`` -> {clip: pictures [T, S, S, 3]}; see ``generate_from``."""

    def run(clips, **changes):
        return generate_from(tmp_path, clips, models, **changes)

    return run


@KINDS
def test_every_test_clip_is_generated_at_its_own_length(generate, kind):
    """Twice the same, too: nothing of a training, such as dropout, is left in the networks."""
    clips = small_corpus()
    made = generate(clips, kind=kind)
    assert {clip: images.shape for clip, images in made.items()} == {
        clip.name: (len(clip.images), CROP, CROP, 3) for clip in clips[1:3]
    }
    again = generate(clips, kind=kind)
    assert all(np.array_equal(made[clip], again[clip]) for clip in made)
    assert list(generate(clips, kind=kind, speaker="s2")) == ["s2/d"]


def test_a_seed_is_the_noise(generate):
    one, other = (generate(small_corpus(), seed=seed)["s1/b"] for seed in (0, 1))
    assert difference(one, other).mean() > 0.5


@KINDS
def test_networks_are_loaded_once_for_all_clips_and_batches(generate, kind, monkeypatch):
    loaded = []

    def counted(path, *arguments):
        loaded.append(path.stem)
        return load(path, *arguments)

    load = opening.load_model
    for module in (opening, painters):
        monkeypatch.setattr(module, "load_model", counted)
    assert len(generate(small_corpus(), kind=kind, batch_frames=4)) == 2
    assert loaded == [kind] + ["autoencoder"] * (kind == "latents")


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


@KINDS
def test_the_sound_of_a_frame_moves_that_frame(generate, kind):
    clips = small_corpus()
    before = generate(clips, kind=kind)["s1/b"]
    clips[1].mel[4 * 12 :] += np.linspace(-3, 3, clips[1].mel.shape[1], dtype=np.float32)
    after = generate(clips, kind=kind)["s1/b"]
    assert difference(before, after)[12:].mean() > 5 * difference(before, after)[:4].mean()
    clips[1].au_feature[12:] += 1
    assert difference(after, generate(clips, kind=kind)["s1/b"])[12:].mean() > 0.1


def test_another_clips_sound_takes_the_place_of_the_clips_own(generate):
    clips = small_corpus()
    made = generate(clips, sound="_other_sound")
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
    borrowed = generate(clips, speaker="s2", sound="_other_sound")["s2/d"]  # s2 has no second clip
    assert difference(borrowed, generate(clips, speaker="s2")["s2/d"]).mean() > 0.5


def test_bfloat16_stays_near_float32(generate):
    exact = generate(small_corpus())["s1/b"]
    rounded = generate(small_corpus(), compute=EXACT.model_copy(update={"precision": "bfloat16"}))["s1/b"]
    assert 0 < difference(exact, rounded).mean() < 12


def test_the_batch_split_does_not_matter_to_a_decoder_of_frames(generate):
    whole = generate(small_corpus(), kind="frames")["s1/b"]
    split = generate(small_corpus(), kind="frames", batch_frames=4)["s1/b"]
    assert difference(whole, split).max() <= 1  # another batch size rounds differently


def test_the_sampler_is_nothing_to_a_decoder_of_frames(generate):
    one = generate(small_corpus(), kind="frames")["s1/b"]
    other = generate(small_corpus(), kind="frames", steps=7, eta=1.0, seed=1)["s1/b"]
    assert np.array_equal(one, other)
