"""Training of paper A's diffusion with the photo: resume, terms of the loss, what is learned."""

import logging

import pytest
from tiny_corpus import CROP, make_clip
from tiny_stages import Stages, tiny_photo, training
from tiny_training import stop_after, write_inputs

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_frame
from talkface.artifacts.weights import load_model, read_metadata
from talkface.config import Training
from talkface.models.photo_renderer import PhotoRenderer
from talkface.training.tasks.photo_renderer import PhotoRendererTask


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    return Stages(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def trained(stages, tmp_path_factory):
    return stages.run("photo_renderer", tmp_path_factory.mktemp("trained"))


def test_an_interrupted_training_equals_an_unbroken_one(stages, trained, tmp_path, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        stop_after(patch, PhotoRendererTask, 5)
        with pytest.raises(SystemExit):
            stages.run("photo_renderer", tmp_path)
    with caplog.at_level(logging.INFO):
        model = stages.run("photo_renderer", tmp_path)
    assert "resuming from 80 samples" in caplog.text
    assert model.read_bytes() == trained.read_bytes()


def test_the_weights_say_what_they_are(trained):
    assert read_metadata(trained)["stage"] == "photo_renderer"
    network = load_model(trained, PhotoRenderer)
    assert network.latent_shape == (5, CROP // 4, CROP // 4) and network.shape_KP2.any()


def test_every_term_is_in_the_history_and_in_the_sum(trained):
    rows = read_frame(trained.with_name("history.parquet"), HISTORY)
    last = rows[rows.samples == rows.samples.max()].set_index("name").value
    terms = tiny_photo(training(4, 4)).losses.model_dump()
    assert last["loss"] == pytest.approx(sum(w * last[f"loss/{name}"] for name, w in terms.items()), rel=1e-4)


@pytest.mark.slow
def test_one_clip_is_learned_by_heart(tmp_path):
    stages = Stages(tmp_path)
    stages.inputs = write_inputs(tmp_path, [make_clip("s1/a", "train", 8, 1)])
    own = Training(samples=1600, batch_size=4, learning_rate=3e-3, log_every_samples=160)
    still = dict.fromkeys(("gain", "gamma", "offset", "rotation", "scale", "shift", "mirror", "bend"), 0.0)
    section = tiny_photo(own, window_frames=8, frames_per_window=4, pictures=still, width=16)
    arguments = stages.arguments("photo_renderer") | {"renderer": section}
    stages.arguments = lambda _: arguments  # type: ignore[method-assign]
    stages.run("photo_renderer", tmp_path)
    rows = read_frame(tmp_path / "history.parquet", HISTORY)
    pictures, noise = (
        rows[rows.name == f"loss/{name}"].value.tolist() for name in ("reconstruction", "noise")
    )
    assert pictures[-1] < 0.85 * pictures[0], pictures
    assert noise[-1] < 0.8 * noise[0], noise
