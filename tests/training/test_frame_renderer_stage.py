"""Papers B and C's renderer and its relatives: which loss counts when, critics, exact resume, learning."""

import dataclasses
import logging

import numpy as np
import pytest
import torch
from tiny_corpus import CROP, make_clip
from tiny_training import read_config, stop_after, tiny_variant, train_frames, write_inputs

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_frame, read_table
from talkface.artifacts.weights import load_model, read_metadata, read_settings
from talkface.config import Mfcc, Training
from talkface.data.conditions import Conditions
from talkface.data.frames import Frames
from talkface.data.presence_labels import presence_labels
from talkface.data.subsets import clip_lengths
from talkface.models.au_classifier import AuClassifier
from talkface.models.frame_renderer import FrameRenderer
from talkface.training import seeding
from talkface.training.loop import StepContext
from talkface.training.micro_batches import MicroBatches
from talkface.training.pretrained import perceptual_features
from talkface.training.tasks.frame_renderer import FrameRendererTask, Judges

EVERY = {"reconstruction", "perceptual", "identity", "aus"}
LOSSES = {
    "speech2vid": {"reconstruction"},
    "baseline": {"reconstruction"},
    "plus_perceptual": {"reconstruction", "perceptual"},
    "plus_identity": {"reconstruction", "perceptual", "identity"},
    "c_adversarial": {"reconstruction", "perceptual", "identity", "frame_critic"},
    "c_full": {*EVERY, "frame_critic"},
    "b_full": EVERY,
    "cran": {"reconstruction", "frame_critic", "video_critic"},
    "a_regression": EVERY,
}
CLIPS = [make_clip("s1/a", "train", 12, 1), make_clip("s1/b", "train", 15, 2)]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return write_inputs(tmp_path_factory.mktemp("inputs"), CLIPS)


@pytest.fixture(scope="module")
def critical(inputs, tmp_path_factory):
    """C with all its losses and CRAN's critic of sequences: all that a resume could get wrong."""
    return train_frames(inputs, tmp_path_factory.mktemp("critical"), everything())


def everything():
    config = tiny_variant("c_full")
    return config.model_copy(update={"losses": config.losses.model_copy(update={"video_adversarial": 0.002})})


def task_of(inputs, config, clips=None):
    """The stage's task as it builds it; the presence labels and judges are those of the AU loss."""
    seeding.reseed(0)
    lengths = clips or clip_lengths(inputs.split, "train")
    judges = Judges(
        load_model(inputs.au_classifier, AuClassifier),
        perceptual_features(None, None, inputs.autoencoder),
        presence_labels([inputs.features["aus"]], lengths),
    )
    features = inputs.features
    conditions = Conditions(
        [inputs.identities], [features["au_features"]], [features["mel"]], lengths, config, Mfcc(), CROP
    )
    return FrameRendererTask(
        lengths, Frames([features["faces"]], lengths, CROP), conditions, judges, config, Mfcc(), CROP
    )


def context_of(task, config, samples):
    return StepContext(
        what="test",
        samples=samples,
        training=config.training,
        device=torch.device("cpu"),
        precision="float32",
        modules=task.modules,
        optimizers=task.optimizers,
        network=task.network,
        generator=seeding.torch_generator(0, samples),
        rng=seeding.numpy_generator(0, samples),
        micro=MicroBatches(None, config.training.batch_size, task.samples_per_item, "test"),
    )


@pytest.mark.parametrize("variant", LOSSES)
def test_a_variant_trains_with_the_losses_of_its_own(inputs, tmp_path, variant):
    """The other terms are not computed: they have no judge here, and no line in the history."""
    model = train_frames(inputs, tmp_path, tiny_variant(variant))
    history = read_frame(model.with_name("history.parquet"), HISTORY)
    rows = {name: set(own.samples) for name, own in history.groupby("name")}
    expected = LOSSES[variant]
    critics = {name for name in expected if name.endswith("critic")}
    assert {name.removeprefix("loss/") for name in rows if name.startswith("loss/")} == (
        expected | {f"{name}_own" for name in critics}
    )
    assert rows["loss/reconstruction"] == {16, 32, 48, 64}
    for name in critics:  # they join after half of the samples
        assert rows[f"loss/{name}"] == rows[f"loss/{name}_own"] == {48, 64}
    assert read_metadata(model)["stage"] == "frame_renderer" and read_metadata(model)["samples"] == 64
    network = load_model(model, FrameRenderer)
    assert network.settings["fusion"] == read_config("variants").variant_renderer(variant).fusion
    assert not any("critic" in name for name in network.state_dict())


def test_the_papers_methods_have_their_inputs(inputs, tmp_path):
    settings = {
        name: read_settings(train_frames(inputs, tmp_path / name, tiny_variant(name)))
        for name in ("speech2vid", "b_full", "a_regression")
    }
    assert settings["speech2vid"]["window_hops"] == 35 and settings["b_full"]["window_hops"] == 28
    assert settings["speech2vid"]["speech"] == ["audio"]
    assert [own["disentangled"] for own in settings.values()] == [False, False, True]


def test_the_loss_is_the_weighted_sum_of_its_terms(critical):
    rows = read_frame(critical.with_name("history.parquet"), HISTORY)
    last = rows[rows.samples == 64].set_index("name").value
    weights = {"reconstruction": 1.5, "perceptual": 0.07, "identity": 1.5, "aus": 0.02} | {
        "frame_critic": 0.002,
        "video_critic": 0.002,
    }
    assert last["loss"] == pytest.approx(
        sum(weight * last[f"loss/{name}"] for name, weight in weights.items())
    )


@pytest.mark.parametrize("steps", [2, 6])
def test_an_interrupted_training_equals_an_unbroken_one(
    inputs, critical, tmp_path, monkeypatch, caplog, steps
):
    """Before and after the critics have joined, to the bit."""
    with monkeypatch.context() as patch:
        stop_after(patch, FrameRendererTask, steps)
        with pytest.raises(SystemExit):
            train_frames(inputs, tmp_path, everything())
    with caplog.at_level(logging.INFO):
        train_frames(inputs, tmp_path, everything())
    assert f"resuming from {8 * steps} samples" in caplog.text
    assert (tmp_path / "model.safetensors").read_bytes() == critical.read_bytes()
    histories = [path.with_name("history.parquet") for path in (tmp_path / "model.safetensors", critical)]
    assert read_table(histories[0], HISTORY) == read_table(histories[1], HISTORY)


@pytest.mark.slow
def test_one_clip_is_learned_by_heart(tmp_path):
    inputs = write_inputs(tmp_path, [make_clip("s1/a", "train", 8, 1)])
    training = Training(samples=800, batch_size=2, learning_rate=5e-3, log_every_samples=80)
    sizes = {"decoder_width": 64, "encoder_width": 8, "mouth_weight": 1.0}
    train_frames(inputs, tmp_path, tiny_variant("baseline", training, **sizes))
    rows = read_frame(tmp_path / "history.parquet", HISTORY)
    values = rows[rows.name == "loss/reconstruction"].value.tolist()
    assert values[-1] < 0.5 * values[0], values


def test_frozen_judges_stay_as_they_are(inputs):
    config = everything()
    task = task_of(inputs, config)
    judges = (task._judges.au_classifier, task._judges.features)
    before = [{name: value.clone() for name, value in judge.state_dict().items()} for judge in judges]
    for module in task.modules.values():
        module.train()
    task.step([0, 1], context_of(task, config, 40))
    for judge, weights in zip(judges, before, strict=True):
        assert not any(layer.training for layer in judge.children()), "dropout would make it a lottery"
        assert all(torch.equal(value, weights[name]) for name, value in judge.state_dict().items())
        assert all(parameter.grad is None for parameter in judge.parameters())


def test_each_optimiser_moves_its_own_network_alone(inputs):
    """The renderer's loss runs through the critics, and the critics' through frames of the renderer."""
    config = everything()
    task = task_of(inputs, config)
    before = {name: {k: v.clone() for k, v in m.state_dict().items()} for name, m in task.modules.items()}

    def moved():
        return {
            name
            for name, module in task.modules.items()
            if any(not torch.equal(value, before[name][key]) for key, value in module.state_dict().items())
        }

    task.step([0, 1], context_of(task, config, 0))
    assert moved() == {"renderer"}
    task.step([0, 1], context_of(task, config, 32))
    assert moved() == {"renderer", "frame_critic", "video_critic"}
    task.optimizers["renderer"].param_groups[0]["lr_scale"] = 0.0
    weights = [parameter.clone() for parameter in task.network.parameters()]
    task.step([0, 1], context_of(task, config, 40))
    assert all(map(torch.equal, weights, task.network.parameters()))


def test_the_video_critic_sees_consecutive_frames(tmp_path):
    """Pictures whose grey tells their frame, 10 more at each."""
    clips = [
        dataclasses.replace(clip, images=np.zeros_like(clip.images) + grey)
        for clip in CLIPS
        for grey in [10 * np.arange(len(clip.images), dtype=np.uint8)[:, None, None, None]]
    ]
    inputs = write_inputs(tmp_path, clips)
    config = tiny_variant("cran")
    task = task_of(inputs, config)
    seen = []
    task.modules["video_critic"].register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    task.step([0, 1], context_of(task, config, 32))
    generated, true, generated_again = seen  # by the renderer's loss, then by the critic's own
    assert true.shape == (2, 3, 4, CROP, CROP)
    grey_BT = ((true[:, 0, :, 0, 0] + 1) * 127.5).round()
    assert (grey_BT.diff(dim=1) == 10).all(), "consecutive frames of one clip"
    assert torch.equal(generated, generated_again) and generated.shape == true.shape


def test_without_a_critic_of_sequences_the_frames_of_a_window_are_drawn_apart(inputs):
    task = task_of(inputs, tiny_variant("b_full"))
    draws = [task._pick(8, np.random.default_rng(seed)) for seed in range(20)]
    assert all(len(set(frames)) == 4 and 0 <= min(frames) <= max(frames) < 8 for frames in draws)
    assert any((np.diff(frames) > 1).any() for frames in draws)


@pytest.mark.parametrize(("patch", "side"), [(None, CROP), (16, 16)])
def test_the_perceptual_loss_looks_at_whole_frames_or_patches(inputs, patch, side):
    config = tiny_variant("plus_perceptual", perceptual_patch=patch)
    task = task_of(inputs, config)
    seen = []
    task._judges.features.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
    task.step([0, 1], context_of(task, config, 0))
    assert seen == [(8, 3, side, side)] * 2  # of the truth and of what was made


def test_the_au_loss_has_no_use_for_frames_without_a_face(tmp_path):
    """Labels of undetected frames are bridged: the loss is the same whatever they say."""
    losses = []
    for flipped in (False, True):
        detected = np.arange(12) % 3 > 0
        raw = np.where(detected[:, None] | (not flipped), CLIPS[0].raw, 5 - CLIPS[0].raw)
        clip = dataclasses.replace(CLIPS[0], raw=raw.astype(np.float32), detected=detected)
        inputs = write_inputs(tmp_path / str(flipped), [clip])
        config = tiny_variant("b_full")
        task = task_of(inputs, config)
        losses.append(float(task.step([0, 0], context_of(task, config, 0))["loss/aus"].detach()))
    assert losses[0] == losses[1]


def test_a_perceptual_loss_without_a_network_is_refused(inputs, tmp_path):
    with pytest.raises(ValueError, match=r"neither perceptual\.vgg19 nor"):
        train_frames(inputs, tmp_path, tiny_variant("plus_perceptual"), autoencoder=None)


def test_an_au_loss_without_its_classifier_is_refused(inputs, tmp_path):
    with pytest.raises(ValueError, match="AU classifier"):
        train_frames(inputs, tmp_path, tiny_variant("b_au_loss"), au_classifier=None)
