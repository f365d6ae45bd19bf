"""What a renderer is told of a clip: sound, first face, action units, or an oracle's."""

import numpy as np
import pytest
import torch
from tiny_corpus import CROP, au_rows, small_corpus, tiny_renderer, write_features, write_identities
from tiny_generation import generate_from, tiny_models

from talkface.artifacts.schemas import AUS
from talkface.artifacts.tables import TableWriter
from talkface.config import Mfcc, Renderer, Training
from talkface.data.conditions import Conditions, au_store
from talkface.data.sequences import WindowIndex

CPU = torch.device("cpu")
DRAWN = [("s1/a", np.arange(2, 8)), ("s1/b", np.arange(6))]


@pytest.fixture
def conditions(tmp_path):
    """``conditions(oracle_aus=..., ...)``: those of the small corpus under a renderer's settings."""
    clips = [clip for clip in small_corpus() if clip.name in ("s1/a", "s1/b")]
    paths = write_features(tmp_path, clips, "s1")

    def build(**settings):
        config = Renderer(training=Training(samples=1, batch_size=1, learning_rate=1.0), **settings)
        return Conditions(
            [write_identities(tmp_path / "identities.parquet", clips)],
            [paths["aus" if config.oracle_aus else "au_features"]],
            [paths["mel"]],
            {clip.name: len(clip.images) for clip in clips},
            config,
            Mfcc(),
            CROP,
        )

    return build


def test_a_batch_holds_what_drives_the_mouth_and_no_more(conditions):
    both = conditions().batch(DRAWN, CPU)
    assert both.mfcc_BTCW.shape == (2, 6, 12, 28) and both.au_BTF.shape == (2, 6, 320)
    assert both.face_B3HW.shape == (2, 3, CROP, CROP)
    audio, aus = (conditions(speech=[name]).batch(DRAWN, CPU) for name in ("audio", "aus"))
    assert audio.au_BTF is None and torch.equal(audio.mfcc_BTCW, both.mfcc_BTCW)
    assert aus.mfcc_BTCW is None and torch.equal(aus.au_BTF, both.au_BTF)
    assert conditions(audio_hops=35).batch(DRAWN, CPU).mfcc_BTCW.shape == (2, 6, 12, 35)


def test_frames_are_those_that_were_drawn(conditions):
    clips = small_corpus()
    batch = conditions().batch(DRAWN, CPU)
    assert torch.equal(batch.au_BTF[0], torch.from_numpy(clips[0].au_feature[2:8]).half().float())
    audio_face = torch.from_numpy(clips[1].images[0] // 2).permute(2, 0, 1) / 127.5 - 1
    assert torch.allclose(batch.face_B3HW[1], audio_face)


def test_speakers_with_fewer_clips_are_seen_as_often():
    lengths = {f"s1/{number}": 50 for number in range(6)} | {"s2/a": 50, "s2/b": 50, "s3/a": 150}
    index = WindowIndex(lengths, 50, balance_speakers=True)
    drawn = [clip for clip, _ in index.draw(range(len(index)), np.random.default_rng(0))]
    assert [sum(clip.startswith(name) for clip in drawn) for name in ("s1", "s2", "s3")] == [6, 6, 6]
    assert set(drawn) == set(lengths)
    assert len(WindowIndex(lengths, 50)) == 6 + 2 + 3


def write_aus(path, clip, normalised_TA):
    """AUS whose raw intensities are the clip's own, and whose normalised ones are given."""
    with TableWriter(path, AUS) as writer:
        writer.write(
            row | {"normalised": normalised_A}
            for row, normalised_A in zip(au_rows(clip), normalised_TA, strict=True)
        )
    return path


def test_an_oracle_gives_the_normalised_intensities_of_the_true_frames(tmp_path, conditions):
    clip = small_corpus()[0]
    normalised_TA = (5 - clip.raw) / 2
    told = au_store([write_aus(tmp_path / "aus.parquet", clip, normalised_TA)], oracle=True)["s1/a"]
    assert told.numpy() == pytest.approx(normalised_TA / 5) and told.dtype == torch.float32
    batch = conditions(oracle_aus=True).batch(DRAWN, CPU)
    assert batch.au_BTF[0].numpy() == pytest.approx(clip.raw[2:8] / 5)


def test_an_oracle_follows_the_labels_and_others_do_not(tmp_path):
    models = tiny_models(tmp_path)
    models["oracle"] = tiny_renderer(tmp_path / "oracle.safetensors", oracle_aus=True)
    clips = small_corpus()
    before = {
        kind: generate_from(tmp_path, clips, models, kind=kind, oracle=kind == "oracle")
        for kind in ("oracle", "latents", "frames")
    }
    clips[1].raw = 5 - clips[1].raw
    for kind, made in before.items():
        after = generate_from(tmp_path, clips, models, kind=kind, oracle=kind == "oracle")
        assert np.array_equal(made["s1/b"], after["s1/b"]) == (kind != "oracle")
        assert np.array_equal(made["s1/c"], after["s1/c"])
