"""The autoencoder's stage on drawn faces: learns, resumes bit for bit, and what its latents are."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_tables import CLIPS, FRAMES, SIZE, write_tables
from tiny_training import stop_after

from talkface.artifacts import weights as checkpoint
from talkface.artifacts.schemas import FACES, HISTORY, LATENTS
from talkface.artifacts.tables import TableError, read_frame, read_metadata, read_table
from talkface.config import AuAttention, Autoencoder, Compute, Training
from talkface.data.frames import Frames, to_images, to_tensor
from talkface.data.regions import hide_lower_half, region_weight
from talkface.jobs.encode_latents import encode_latents
from talkface.jobs.train_au_attention import train_au_attention
from talkface.jobs.train_autoencoder import train_autoencoder
from talkface.media.images import decode_png
from talkface.models.autoencoder import VQAutoencoder
from talkface.training.tasks.au_attention import AuAttentionTask
from talkface.training.tasks.autoencoder import AutoencoderTask

CPU = Compute(threads=1, device="cpu", precision="float32")
SETTINGS = Autoencoder(
    width=8,
    multipliers=[1, 1, 1],
    blocks=1,
    codes=64,
    mouth_weight=2.0,
    edge_weight=0.5,
    training=Training(
        samples=240,
        batch_size=8,
        learning_rate=3e-3,
        ema_halflife_samples=40,
        save_every_samples=80,
        log_every_samples=48,
    ),
)
ATTENTION = AuAttention(
    width=8,
    residual_blocks=1,
    critic_width=8,
    critic_layers=3,
    generator_every=2,
    min_mask_deviation=0.0,
    training=Training(
        samples=96, batch_size=4, learning_rate=1e-3, save_every_samples=20, log_every_samples=24
    ),
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, list[Path]]:
    return write_tables(tmp_path_factory.mktemp("tables"))


def autoencoder(tables, folder: Path, settings: Autoencoder = SETTINGS, compute: Compute = CPU) -> Path:
    train_autoencoder(
        split=tables["split"][0],
        faces=tables["faces"],
        crop_size=SIZE,
        autoencoder=settings,
        compute=compute,
        seed=0,
        code="1",
        model=folder / "model.safetensors",
        history=folder / "history.parquet",
        work=folder / "work",
    )
    return folder / "model.safetensors"


def au_attention(tables, folder: Path) -> Path:
    train_au_attention(
        split=tables["split"][0],
        faces=tables["faces"],
        aus=tables["aus"],
        crop_size=SIZE,
        au_attention=ATTENTION,
        compute=CPU,
        seed=0,
        code="1",
        model=folder / "model.safetensors",
        history=folder / "history.parquet",
        work=folder / "work",
    )
    return folder / "model.safetensors"


@pytest.fixture(scope="module")
def trained(tables, tmp_path_factory) -> Path:
    return autoencoder(tables, tmp_path_factory.mktemp("autoencoder"))


@pytest.mark.parametrize("steps", [pytest.param(1, marks=pytest.mark.slow), 23])
def test_autoencoder_resumes_bit_for_bit(tables, trained, tmp_path, monkeypatch, caplog, steps):
    with monkeypatch.context() as patch:
        stop_after(patch, AutoencoderTask, steps)
        with pytest.raises(SystemExit):
            autoencoder(tables, tmp_path)
    with caplog.at_level(logging.INFO):
        autoencoder(tables, tmp_path)
    assert f"resuming from {8 * steps} samples" in caplog.text
    assert (tmp_path / "model.safetensors").read_bytes() == trained.read_bytes()
    assert read_table(tmp_path / "history.parquet", HISTORY) == read_table(
        trained.with_name("history.parquet"), HISTORY
    )


def test_au_attention_resumes_bit_for_bit(tables, tmp_path, monkeypatch, caplog):
    unbroken = au_attention(tables, tmp_path / "unbroken")
    with monkeypatch.context() as patch:
        stop_after(patch, AuAttentionTask, 9)
        with pytest.raises(SystemExit):
            au_attention(tables, tmp_path / "broken")
    with caplog.at_level(logging.INFO):
        broken = au_attention(tables, tmp_path / "broken")
    assert "resuming from 36 samples" in caplog.text
    assert broken.read_bytes() == unbroken.read_bytes()


def test_autoencoder_learns_and_says_where_it_comes_from(trained):
    history = read_frame(trained.with_name("history.parquet"), HISTORY)
    psnr = history[history.name == "validation/psnr"].value.tolist()
    assert len(psnr) == 5 and psnr[-1] > psnr[0] + 2
    assert {"loss/pixels", "loss/edges", "loss/commitment", "codes_used", "validation/psnr_mouth"} <= set(
        history.name
    )
    metadata = checkpoint.read_metadata(trained)
    assert (metadata["stage"], metadata["samples"], metadata["code"]) == ("autoencoder", 240, "1")


def test_bfloat16_trains_on_the_cpu(tables, tmp_path):
    short = SETTINGS.model_copy(update={"training": SETTINGS.training.model_copy(update={"samples": 16})})
    model = autoencoder(tables, tmp_path, short, CPU.model_copy(update={"precision": "bfloat16"}))
    assert checkpoint.read_metadata(model)["precision"] == "bfloat16"
    weights = checkpoint.load_model(model, VQAutoencoder).state_dict().values()
    assert {value.dtype for value in weights if value.is_floating_point()} == {torch.float32}


def test_latents_are_of_unit_variance_and_decode_to_the_frames(tables, trained, tmp_path):
    latents_NChw, images_NHW3 = [], []
    for faces in tables["faces"]:
        path = tmp_path / f"{faces.parent.name}.parquet"
        encode_latents(model=trained, faces=faces, latents=path, compute=CPU)
        assert read_metadata(path)["shape"] == [3, SIZE // 4, SIZE // 4]
        rows, sources = read_frame(path, LATENTS), read_frame(faces, FACES)
        assert rows[["clip", "frame"]].equals(sources[["clip", "frame"]]) and len(rows) == CLIPS * FRAMES
        latents_NChw += [
            np.frombuffer(row, np.float16).reshape(3, SIZE // 4, SIZE // 4) for row in rows.latent
        ]
        images_NHW3 += [decode_png(image) for image in sources.image]
    stacked = np.stack(latents_NChw).astype(np.float32)
    np.testing.assert_allclose(stacked.mean((0, 2, 3)), 0, atol=0.1)
    np.testing.assert_allclose(stacked.std((0, 2, 3)), 1, atol=0.1)
    network = checkpoint.load_model(trained, VQAutoencoder)
    with torch.no_grad():
        direct = network.decode(network.encode(to_tensor(np.stack(images_NHW3))))
        stored = network.from_latent(torch.from_numpy(stacked))
    assert (direct - stored).abs().mean() < 0.01


def test_masked_latents_are_those_of_frames_without_their_lower_half(tables, trained, tmp_path):
    """What the inpaint protocol may see of every frame: the lower half can be anything."""
    faces = tables["faces"][0]
    path = tmp_path / "masked.parquet"
    encode_latents(model=trained, faces=faces, latents=path, compute=CPU, lower_half_hidden=True)
    rows, images = read_frame(path, LATENTS), read_frame(faces, FACES).image
    network = checkpoint.load_model(trained, VQAutoencoder)
    frames = np.stack([decode_png(image) for image in images[:4]])
    frames[:, SIZE // 2 :] = 99
    with torch.no_grad():
        expected = network.to_latent(hide_lower_half(to_tensor(frames))).numpy()
    stored = [np.frombuffer(latent, np.float16).reshape(expected[0].shape) for latent in rows.latent[:4]]
    np.testing.assert_allclose(np.stack(stored), expected, atol=0.02)
    assert len(rows) == CLIPS * FRAMES


# --- frames


def test_frames_from_memory_and_from_disk_are_the_same(tables):
    lengths = {"s2/u1": FRAMES, "s1/u0": FRAMES}
    memory = Frames(tables["faces"], lengths, SIZE)
    disk = Frames(tables["faces"], lengths, SIZE, budget_bytes=0)
    order = np.random.default_rng(0).permutation(len(memory))
    assert len(memory) == len(disk) == 2 * FRAMES
    np.testing.assert_array_equal(memory.images(order), disk.images(order))
    assert memory.locate(0) == ("s2/u1", 0) and memory.locate(FRAMES) == ("s1/u0", 0)
    sources = read_frame(tables["faces"][0], FACES).set_index(["clip", "frame"]).image
    np.testing.assert_array_equal(disk.images([FRAMES + 5])[0], decode_png(sources["s1/u0", 5]))


def test_frames_of_other_clips_or_sizes_are_refused(tables):
    with pytest.raises(TableError, match="no faces for 1 clips, for example 's9/x'"):
        Frames(tables["faces"], {"s9/x": 1}, SIZE)
    with pytest.raises(TableError, match="'s1/u0': 12 crops for 13 frames"):
        Frames(tables["faces"], {"s1/u0": 13}, SIZE)
    with pytest.raises(TableError, match="crop them again"):
        Frames(tables["faces"], {"s1/u0": FRAMES}, 2 * SIZE)


def test_images_survive_the_way_to_tensors_and_back():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    np.testing.assert_array_equal(to_images(to_tensor(images)), images)
    assert to_tensor(np.zeros((1, 4, 4, 3), np.uint8)).unique().tolist() == [-1.0]


def test_region_weight_favours_the_mouth_and_keeps_the_loss_in_scale():
    weight_HW = region_weight((4, 6, 2, 6), torch.zeros(1, 3, 8, 8), 3.0)
    assert weight_HW.mean() == pytest.approx(1.0)
    assert weight_HW[5, 3] / weight_HW[0, 0] == pytest.approx(3.0)
