"""Training of the renderer that warps the photo: resume, draws, what drives a window, what is learned."""

import logging

import numpy as np
import pytest
import torch
from tiny_corpus import CROP, make_clip
from tiny_stages import Stages, tiny_warp, training
from tiny_training import stop_after, write_inputs

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_frame, read_table
from talkface.artifacts.weights import load_model, read_metadata
from talkface.config import Mfcc, Perceptual, Training
from talkface.data.face_shapes import inner_mouth, point_weights
from talkface.features.mel import POWER_FLOOR
from talkface.models.audio_to_au import AudioToAu
from talkface.models.warp_renderer import WarpRenderer
from talkface.training.given import Given
from talkface.training.tasks.warp_renderer import WarpRendererTask, build


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    return Stages(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def trained(stages, tmp_path_factory):
    return stages.run("warp_renderer", tmp_path_factory.mktemp("trained"))


def task_of(folder, clips, **changes) -> WarpRendererTask:
    inputs = write_inputs(folder, clips)
    given = Given(
        split=inputs.split,
        mel=[inputs.features["mel"]],
        faces=[inputs.features["faces"]],
        labels=[inputs.features["aus"]],
        landmarks=[inputs.features["landmarks"]],
        identities=[inputs.identities],
        latents=[],
        masked_latents=[],
        aus=[],
        audio_to_au=None,
        au_classifier=None,
        autoencoder=None,
        perceptual=Perceptual(),
        mfcc=Mfcc(),
        crop_size=CROP,
        scratch=folder,
    )
    sizes = {"window_frames": 8, "frames_per_window": 4}
    return build(given, tiny_warp(training(4, 4), **sizes | changes))


def drawn(task: WarpRendererTask, seed: int = 0):
    return task.windows.draw([0, 1, 2, 0], np.random.default_rng(seed))


@pytest.mark.parametrize("steps", [2, 8])
def test_an_interrupted_training_equals_an_unbroken_one(
    stages, trained, tmp_path, monkeypatch, caplog, steps
):
    """Before and after the critic has joined, to the bit."""
    with monkeypatch.context() as patch:
        stop_after(patch, WarpRendererTask, steps)
        with pytest.raises(SystemExit):
            stages.run("warp_renderer", tmp_path)
    with caplog.at_level(logging.INFO):
        model = stages.run("warp_renderer", tmp_path)
    assert f"resuming from {16 * steps} samples" in caplog.text
    assert model.read_bytes() == trained.read_bytes()
    histories = [path.with_name("history.parquet") for path in (model, trained)]
    assert read_table(histories[0], HISTORY) == read_table(histories[1], HISTORY)


def test_the_weights_say_what_they_are(trained):
    assert read_metadata(trained)["stage"] == "warp_renderer"
    assert isinstance(load_model(trained, WarpRenderer), WarpRenderer)


def test_every_term_is_in_the_history_and_in_the_sum(trained):
    rows = read_frame(trained.with_name("history.parquet"), HISTORY)
    last = rows[rows.samples == rows.samples.max()].set_index("name").value
    terms = tiny_warp(training(4, 4)).losses.model_dump(exclude={"adversarial_start"})
    assert last["loss"] == pytest.approx(sum(w * last[f"loss/{name}"] for name, w in terms.items()), rel=1e-4)
    assert "loss/critic_own" in last


def test_one_seed_draws_one_batch_and_another_seed_another(tmp_path):
    task = task_of(tmp_path, [make_clip("s1/a", "train", 24, 1), make_clip("s1/b", "train", 20, 2)])
    one, same, other = drawn(task, 1), drawn(task, 1), drawn(task, 2)
    for name in ("mfcc_BSTCW", "truth_BMHW3", "photo_BHW3", "at_BM"):
        assert torch.equal(getattr(one, name), getattr(same, name))
    assert not torch.equal(one.mfcc_BSTCW, other.mfcc_BSTCW)


def test_each_window_is_heard_with_others_whose_units_alone_are_learned(tmp_path):
    clips = [make_clip("s1/a", "train", 24, 1), make_clip("s1/b", "train", 20, 2)]
    task = task_of(tmp_path, clips, sound_windows=3, sound={"silence_share": 0.0})
    batch = drawn(task)
    assert batch.mfcc_BSTCW.shape[:3] == (4, 3, 8) and batch.au_BSTA.shape == (4, 3, 8, 5)
    assert batch.truth_BMHW3.shape[:2] == (4, 4)
    assert not torch.equal(batch.au_BSTA[:, 0], batch.au_BSTA[:, 1])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sees_face": True, "sound_windows": 2}, "a sound goes with its own face"),
        ({"oracle_aus": True, "speech": ["audio", "aus"]}, "oracle_aus: these renderers read"),
        ({"audio_hops": 35, "speech": ["audio", "aus"]}, "audio_hops: none where Audio-to-AU"),
        ({"multipliers": [1] * 5}, "video.crop_size must be a multiple of 32"),
    ],
)
def test_settings_that_could_only_fail_later_are_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        tiny_warp(training(4, 4), **changes).check(112)


def test_what_shows_between_the_lips_weighs_more(tmp_path):
    clip = make_clip("s1/a", "train", 24, 1)
    plain, more = (
        task_of(tmp_path / str(weight), [clip], inner_mouth_weight=weight) for weight in (1.0, 3.0)
    )
    one, other = (task.windows.vary(drawn_of_one(task, 0)).weight_N1HW for task in (plain, more))
    share = inner_mouth(more.windows.vary(drawn_of_one(more, 0)).points_NP2, CROP)
    assert torch.allclose(other, one * (1 + 2 * share), atol=1e-5) and share.max() > 0


def test_the_photo_is_the_first_frame_or_any_of_the_clip(tmp_path):
    clip = make_clip("s1/a", "train", 24, 1)
    first = torch.from_numpy(clip.images[0])
    for share, everywhere in ((1.0, True), (0.0, False)):
        task = task_of(tmp_path / str(share), [clip], first_frame_share=share)
        shown = torch.cat([drawn_of_one(task, seed).photo_BHW3 for seed in range(6)])
        assert bool((shown == first).flatten(1).all(1).all()) == everywhere
        assert all(any(torch.equal(photo, torch.from_numpy(i)) for i in clip.images) for photo in shown)


def drawn_of_one(task, seed):
    return task.windows.draw([0, 0], np.random.default_rng(seed))


def test_a_silent_window_shows_the_shut_mouth_and_is_driven_by_what_is_heard(tmp_path):
    clip = make_clip("s1/a", "train", 24, 1)
    task = task_of(tmp_path, [clip], sound={"silence_share": 1.0})
    batch = drawn_of_one(task, 0)
    shut = torch.from_numpy(clip.images[task.windows._clips.labels["s1/a"].shut])
    assert (batch.truth_BMHW3 == shut).all()
    parted_T = task.windows._clips.labels["s1/a"].au_TA[:, 3:].sum(1)
    assert parted_T[task.windows._clips.labels["s1/a"].shut] == parted_T.min()
    assert not batch.true_aus_B.any() and batch.by_token_B.all()
    assert (batch.au_BSTA == batch.au_BSTA[:, :, :1]).all()
    floor = float(np.log(POWER_FLOOR))
    assert floor < 0 and batch.mfcc_BSTCW.isfinite().all()


def test_landmarks_are_those_of_the_photo_and_of_the_rendered_frames(tmp_path):
    clip = make_clip("s1/a", "train", 24, 1)
    still = dict.fromkeys(("gain", "gamma", "offset", "rotation", "scale", "shift", "mirror", "bend"), 0.0)
    settings = {"first_frame_share": 1.0, "pictures": still, "sound": {"silence_share": 0.0}}
    task = task_of(tmp_path, [clip], **settings)
    batch = drawn_of_one(task, 0)
    of_photo = (2 * torch.from_numpy(clip.points[0, :468, :2]) + 1) / CROP - 1
    assert torch.allclose(batch.photo_points_BP2[0], of_photo, atol=2e-3)
    varied = task.windows.vary(batch)
    assert torch.allclose(varied.points_NP2, batch.points_BMP2.flatten(0, 1), atol=1e-5)
    assert torch.allclose(varied.photo_points_BP2[0], of_photo, atol=2e-3)
    assert (varied.point_weight_NP == point_weights()).all()


def test_landmarks_that_are_not_known_weigh_nothing(tmp_path):
    clip = make_clip("s1/a", "train", 24, 1)
    clip.detected[5:] = False
    task = task_of(tmp_path, [clip], first_frame_share=1.0)
    batch = drawn_of_one(task, 0)
    known = batch.found_BM.flatten()
    weight_NP = task.windows.vary(batch).point_weight_NP
    assert not known.all() and bool((weight_NP[~known] == 0).all()) and bool((weight_NP[known] > 0).all())


def test_shares_of_drives_are_drawn_by_window(tmp_path):
    clip = make_clip("s1/a", "train", 24, 1)
    settings = {"true_aus_share": 1.0, "token_dropout": 1.0, "sound": {"silence_share": 0.0}}
    batch = drawn_of_one(task_of(tmp_path, [clip], **settings), 0)
    assert batch.true_aus_B.all() and not batch.by_token_B.any()


def test_of_an_appearance_speaker_the_pictures_alone_are_learned(tmp_path):
    own, other = make_clip("s1/a", "train", 24, 1), make_clip("s1/look", "appearance", 20, 2)
    settings = {"sound": {"silence_share": 0.5}, "true_aus_share": 0.0, "token_dropout": 0.0}
    for share, speaker in ((0.0, own), (1.0, other)):
        task = task_of(tmp_path / str(share), [own, other], appearance_share=share, **settings)
        batch = drawn_of_one(task, 0)
        images = [torch.from_numpy(image) for image in speaker.images]
        shown = [*batch.photo_BHW3, *batch.truth_BMHW3.flatten(0, 1)]
        assert all(any(torch.equal(picture, image) for image in images) for picture in shown)
        assert bool(batch.true_aus_B.all()) == (share == 1) and bool(batch.by_token_B.all()) == (share == 0)
        assert len(task.windows) == 3  # an epoch is as long as without them
    true_TA = task.windows._clips.labels["s1/look"].au_TA
    assert all(any(torch.equal(au_A, row) for row in true_TA) for au_A in batch.au_BMA.flatten(0, 1))

    other.mel[:] = 7.0
    deaf = task_of(tmp_path / "deaf", [own, other], appearance_share=1.0, **settings)
    assert torch.equal(drawn_of_one(deaf, 0).mfcc_BSTCW, batch.mfcc_BSTCW)
    assert torch.equal(drawn_of_one(deaf, 0).au_BSTA, batch.au_BSTA)


def test_an_appearance_window_is_never_driven_by_what_is_heard(tmp_path):
    own, other = make_clip("s1/a", "train", 24, 1), make_clip("s1/look", "appearance", 20, 2)
    other.detected[4:] = False  # their labels are bridged
    task = task_of(tmp_path, [own, other], appearance_share=1.0)
    batch = drawn_of_one(task, 0)
    assert batch.labelled_BM.all() and batch.true_aus_B.all() and not batch.found_BM.all()
    seeing = task_of(tmp_path / "seeing", [own, other], appearance_share=1.0, sees_face=True, sound_windows=1)
    first = torch.from_numpy(own.images[0])
    photos = torch.cat([drawn_of_one(seeing, seed).photo_BHW3 for seed in range(4)])
    assert any(torch.equal(photo, first) for photo in photos)  # a face that is seen goes with its sound


def test_an_appearance_speaker_changes_how_faces_move_and_no_sound(tmp_path):
    own, other = make_clip("s1/a", "train", 24, 1), make_clip("s1/look", "appearance", 20, 2)
    alone, both = (task_of(tmp_path / str(len(clips)), clips) for clips in ([own], [own, other]))
    parts = [dict(task.network.named_buffers()) for task in (alone, both)]
    differing = {name for name in parts[0] if not torch.equal(parts[0][name], parts[1][name])}
    assert differing == {"mean_P2", "shape_KP2", "mouth.centre_2", "mouth.half_2"}


def test_audio_to_au_hears_the_varied_sound(tmp_path):
    clip = make_clip("s1/a", "train", 24, 1)
    plain = task_of(tmp_path, [clip])
    told = WarpRendererTask(
        plain.windows._clips, AudioToAu().eval(), tiny_warp(training(4, 4), speech=["audio", "aus"])
    )
    loud, soft = (drawn_of_one(plain, seed).mfcc_BSTCW for seed in (0, 1))
    features = [told._told(mfcc[:, 0]) for mfcc in (loud, soft)]
    assert features[0].shape == (2, 8, 320) and not torch.allclose(*features)
    assert plain._told(loud[:, 0]) is None


@pytest.mark.slow
def test_one_clip_is_learned_by_heart(tmp_path):
    stages = Stages(tmp_path)
    stages.inputs = write_inputs(tmp_path, [make_clip("s1/a", "train", 8, 1)])
    own = Training(samples=1600, batch_size=4, learning_rate=3e-3, log_every_samples=160)
    still = dict.fromkeys(("gain", "gamma", "offset", "rotation", "scale", "shift", "mirror", "bend"), 0.0)
    section = tiny_warp(own, window_frames=8, frames_per_window=4, pictures=still, losses={}, width=16)
    arguments = stages.arguments("warp_renderer") | {"renderer": section}
    stages.arguments = lambda _: arguments  # type: ignore[method-assign]
    stages.run("warp_renderer", tmp_path)
    rows = read_frame(tmp_path / "history.parquet", HISTORY)
    pictures, units = (rows[rows.name == f"loss/{name}"].value.tolist() for name in ("reconstruction", "aus"))
    assert pictures[-1] < 0.85 * pictures[0], pictures
    assert units[-1] < 0.5 * units[0], units
