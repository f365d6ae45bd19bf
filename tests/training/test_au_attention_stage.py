"""AU-Attention: what it is trained on, what a collapsed mask is, what the first frame is taken apart into."""

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from drawn_tables import CLIPS, FRAMES, SIZE, draw_face, write_tables

from talkface.artifacts.schemas import AUS, FACES, HISTORY, IDENTITIES
from talkface.artifacts.tables import ClipTable, TableError, TableWriter, read_frame
from talkface.artifacts.weights import load_model, read_metadata, save_model
from talkface.config import AuAttention, Compute, Training
from talkface.data.stores import darken, identity_store
from talkface.data.subsets import clip_lengths
from talkface.jobs.disentangle_faces import disentangle_faces
from talkface.jobs.encode_first_faces import encode_first_faces
from talkface.jobs.train_au_attention import train_au_attention
from talkface.media.images import decode_png, encode_png
from talkface.models.au_attention import AuGenerator
from talkface.models.autoencoder import VQAutoencoder
from talkface.training.loop import TrainingError
from talkface.training.tasks.au_attention import (
    AuAttentionTask,
    load_intensities,
    mask_figures,
    refuse_uniform,
)

CPU = Compute(threads=1, device="cpu", precision="float32")


def settings(**changes) -> AuAttention:
    values = {
        "width": 8,
        "residual_blocks": 1,
        "critic_width": 8,
        "critic_layers": 3,
        "generator_every": 2,
        "min_mask_deviation": 0.0,
        "training": Training(samples=64, batch_size=8, learning_rate=1e-3, log_every_samples=32),
    }
    return AuAttention(**{**values, **changes})


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, list[Path]]:
    return write_tables(tmp_path_factory.mktemp("tables"))


def train(tables, folder: Path, config: AuAttention) -> Path:
    train_au_attention(
        split=tables["split"][0],
        faces=tables["faces"],
        aus=tables["aus"],
        crop_size=SIZE,
        au_attention=config,
        compute=CPU,
        seed=0,
        code="1",
        model=folder / "model.safetensors",
        history=folder / "history.parquet",
        work=folder / "work",
    )
    return folder / "model.safetensors"


@pytest.fixture(scope="module")
def models(tables, tmp_path_factory) -> dict[str, Path]:
    """A trained generator and an autoencoder of random weights."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    network = VQAutoencoder(8, [1, 1, 1], 1, 16, 3)
    save_model(folder / "autoencoder.safetensors", network, {})
    return {
        "au_attention": train(tables, folder, settings()),
        "autoencoder": folder / "autoencoder.safetensors",
    }


def test_history_tells_of_the_mask_and_of_every_loss(models):
    model = models["au_attention"]
    history = read_frame(model.with_name("history.parquet"), HISTORY)
    measured = {"mask_mean", "mask_deviation", "mask_mouth_ratio"}
    losses = {
        "critic",
        "penalty",
        "critic_aus",
        "generator",
        "generator_aus",
        "cycle",
        "changed",
        "variation",
    }
    assert {f"validation/{name}" for name in measured} | {f"loss/{name}" for name in losses} <= set(
        history.name
    )
    assert {f"final/{name}" for name in measured} <= set(history.name)
    assert measured <= set(read_metadata(model))
    assert isinstance(load_model(model, AuGenerator), AuGenerator)


def test_generator_takes_its_turn_only(tables):
    task = AuAttentionTask(tables["split"][0], tables["faces"], tables["aus"], SIZE, settings(), 0)
    turns = []
    for samples in (0, 8, 16, 24):
        context = SimpleNamespace(
            samples=samples,
            device="cpu",
            rng=np.random.default_rng(0),
            generator=torch.Generator(),
            share=slice,
            descend=lambda items, losses_of, optimizer: turns.append(optimizer) or {},
        )
        task.step(list(range(8)), context)
    assert turns == ["critic", "generator", "critic", "critic", "generator", "critic"]


def test_trains_on_raw_intensities_of_detected_frames(tables):
    lengths = clip_lengths(tables["split"][0], "train")
    intensities_NA, detected_N = load_intensities(tables["aus"], lengths)
    assert intensities_NA.shape == (len(lengths) * FRAMES, 5) and 1 < intensities_NA.mean() < 4
    assert detected_N.sum() == len(lengths) * (FRAMES - 1)
    task = AuAttentionTask(tables["split"][0], tables["faces"], tables["aus"], SIZE, settings(), 0)
    assert task.size == detected_N.sum() and 3 not in task._items
    assert task._intensities_NA.max() <= 1.0
    opening = task._intensities_NA[5, 3]
    skin = 200  # of speaker s1
    np.testing.assert_array_equal(task._frames.images([5])[0], draw_face(_float64(tables, "s1/u0", 5), skin))
    assert opening == pytest.approx(_float64(tables, "s1/u0", 5), abs=1e-6)


def _float64(tables, clip: str, frame: int) -> float:
    """The mouth opening that the frame was drawn with (the generator of drawn_tables, replayed)."""
    shares_TA = np.random.default_rng(0).random((FRAMES, 5))
    return float(shares_TA[frame, 4])


def test_mask_figures():
    mask_N1HW = torch.full((2, 1, 8, 8), 0.9)
    mask_N1HW[..., 4:6, 2:6] = 0.4
    figures = mask_figures(mask_N1HW, (4, 6, 2, 6))
    assert figures["mask_mouth_ratio"] == pytest.approx(6.0, rel=1e-4)
    assert figures["mask_mean"] == pytest.approx((8 * 0.4 + 56 * 0.9) / 64)
    assert figures["mask_deviation"] == pytest.approx(float(mask_N1HW[0].std()))
    assert mask_figures(torch.full((2, 1, 8, 8), 0.7), (4, 6, 2, 6))["mask_deviation"] == pytest.approx(
        0, abs=1e-6
    )


def test_uniform_mask_fails_loudly_and_names_the_remedy(tables, tmp_path, caplog):
    with pytest.raises(
        TrainingError, match=r"collapsed to a constant.*Raise au_attention\.training\.samples"
    ):
        train(tables, tmp_path, settings(min_mask_deviation=0.49))
    assert not (tmp_path / "model.safetensors").exists()
    good = {"mask_mean": 0.8, "mask_deviation": 0.1, "mask_mouth_ratio": 2.0}
    refuse_uniform(good, 0.01)
    with caplog.at_level(logging.WARNING):
        refuse_uniform({**good, "mask_mouth_ratio": 0.8}, 0.01)
    assert "changes the mouth less than the rest (ratio 0.80)" in caplog.text


# --- taking the first frame apart


def apart(models, tables, target: Path, **changed: Path):
    paths = {name: tables[name][0] for name in ("faces", "landmarks", "aus")} | changed
    disentangle_faces(**models, **paths, identities=target, compute=CPU)
    return read_frame(target, IDENTITIES).set_index("clip")


def test_both_faces_add_up_to_the_first_frame(tables, models, tmp_path):
    rows = apart(models, tables, tmp_path / "identities.parquet")
    assert list(rows.index) == [f"s1/u{number}" for number in range(CLIPS)]
    sources = read_frame(tables["faces"][0], FACES).set_index(["clip", "frame"]).image
    network = load_model(models["autoencoder"], VQAutoencoder)
    for clip, row in rows.iterrows():
        image_HW3 = decode_png(sources[clip, 0])
        mask_HW = np.frombuffer(row["mask"], np.float16).reshape(SIZE, SIZE).astype(np.float32)
        audio_face_HW3 = np.frombuffer(row["audio_face"], np.uint8).reshape(SIZE, SIZE, 3)
        np.testing.assert_array_equal(np.frombuffer(row["image"], np.uint8), image_HW3.ravel())
        assert row["frame"] == 0 and not np.any(row["points"]) and 0 < mask_HW.min() < mask_HW.max() < 1
        identity_face_HW3 = mask_HW[..., None] * image_HW3
        np.testing.assert_allclose(identity_face_HW3 + audio_face_HW3, image_HW3, atol=1.0)
        as_tensor = torch.from_numpy(identity_face_HW3 / 127.5 - 1).permute(2, 0, 1)[None]
        with torch.no_grad():
            expected = network.to_latent(as_tensor)[0].numpy()
        stored = np.frombuffer(row["identity_latent"], np.float16).reshape(3, SIZE // 4, SIZE // 4)
        np.testing.assert_allclose(stored, expected, atol=0.02)


def test_a_face_kept_whole_is_in_both_places(tables, models, tmp_path):
    whole = tmp_path / "whole.parquet"
    encode_first_faces(
        autoencoder=models["autoencoder"],
        faces=tables["faces"][0],
        landmarks=tables["landmarks"][0],
        identities=whole,
        compute=CPU,
    )
    apart(models, tables, tmp_path / "apart.parquet")
    one, other = (identity_store([path], SIZE)["s1/u0"] for path in (whole, tmp_path / "apart.parquet"))
    assert torch.equal(one.audio_face, one.image) and torch.equal(one.identity_face, one.image)
    assert torch.equal(one.image, other.image) and torch.equal(one.masked_latent, other.masked_latent)
    assert not torch.equal(one.identity_latent, other.identity_latent)
    assert torch.allclose(other.identity_face + other.audio_face, other.image - 1, atol=2 / 127.5)


def test_masked_latent_does_not_see_the_lower_half(tables, models, tmp_path):
    before = apart(models, tables, tmp_path / "before.parquet")

    def blacken(image_HW3):
        image_HW3[SIZE // 2 :] = 255
        return image_HW3

    changed = perturbed(tables["faces"][0], tmp_path / "faces.parquet", lambda frame: frame == 0, blacken)
    after = apart(models, tables, tmp_path / "after.parquet", faces=changed)
    assert before.masked_latent.equals(after.masked_latent)
    assert not before.identity_latent.equals(after.identity_latent)


def test_one_shot_reads_nothing_but_the_first_frame(tables, models, tmp_path):
    before = apart(models, tables, tmp_path / "before.parquet")
    faces = perturbed(
        tables["faces"][0], tmp_path / "faces.parquet", lambda frame: frame > 0, lambda x: 255 - x
    )
    aus = tmp_path / "aus.parquet"
    with TableWriter(aus, AUS) as writer:
        for _, rows in ClipTable(tables["aus"][0], AUS):
            records = rows.to_pylist()
            for record in records:
                record["normalised"] = [5.0] * 5
                record["presence"] = [True] * 5
                if record["frame"] > 0:
                    record["raw"] = [0.0] * 5
            writer.write(records)
    assert before.equals(apart(models, tables, tmp_path / "after.parquet", faces=faces, aus=aus))


def perturbed(faces: Path, target: Path, which, change) -> Path:
    with TableWriter(target, FACES) as writer:
        for _, rows in ClipTable(faces, FACES):
            records = rows.to_pylist()
            for record in records:
                if which(record["frame"]):
                    record["image"] = encode_png(change(decode_png(record["image"])))
            writer.write(records)
    return target


def test_clip_without_its_first_frame_is_refused(tables, models, tmp_path):
    headless = tmp_path / "faces.parquet"
    with TableWriter(headless, FACES) as writer:
        for _, rows in ClipTable(tables["faces"][0], FACES):
            writer.write(rows.slice(1))
    with pytest.raises(TableError, match="'s1/u0' does not begin with frame 0"):
        apart(models, tables, tmp_path / "identities.parquet", faces=headless)
    assert not (tmp_path / "identities.parquet").exists()


def test_what_a_mask_hides_is_black():
    image = torch.tensor([-1.0, 0.0, 1.0])
    assert darken(image, torch.tensor(0.0)).tolist() == [-1.0] * 3
    assert darken(image, torch.tensor(1.0)).tolist() == image.tolist()
    assert darken(image, torch.tensor(0.5)).tolist() == [-1.0, -0.5, 0.0]
