"""Action units by hand: factors and curves change what drives the frames, and wrong ones are named."""

import numpy as np
import pytest
import torch
from untrained_experiment import EXPERIMENT, generated, refused, talkface, untrained

from talkface.animation.animator import open_animator
from talkface.animation.steering import Noted, Steering, check_factors, read_curves
from talkface.media.photo import read_photo


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("steering"))


def curve(folder, text: str):
    path = folder / "curve.csv"
    path.write_text(text)
    return path


def test_factors_and_curves_change_their_own_units(tmp_path):
    told_NA = torch.full((4, 5), 0.5)
    curves = read_curves(curve(tmp_path, "time_s, AU26\n0.04,0\n0.12,5\n"))
    changed_NA = Steering({"AU25": 1.5}, curves)(told_NA, range(0, 4))
    assert (told_NA == 0.5).all()
    np.testing.assert_allclose(changed_NA[:, 3], 0.75)
    np.testing.assert_allclose(changed_NA[:, 4], [0, 0, 0.5, 1], atol=1e-6)  # held, rising, held
    np.testing.assert_allclose(changed_NA[:, :3], 0.5)


def test_a_factor_works_on_what_is_asked_for_and_within_the_scale():
    """Where no unit is asked for, none changes; 5 is the most, but for a prediction higher by itself."""
    told_NA = torch.tensor([[-0.2, 0.1, 0.4, 0.9, 1.2]]).T.expand(-1, 5)
    for factor, expected in (
        (0, [-0.2, 0, 0, 0, 0]),
        (0.5, [-0.2, 0.05, 0.2, 0.45, 0.6]),
        (1, [-0.2, 0.1, 0.4, 0.9, 1.2]),
        (3, [-0.2, 0.3, 1, 1, 1.2]),
    ):
        changed_NA = Steering({"AU14": factor})(told_NA, range(5))
        np.testing.assert_allclose(changed_NA[:, 1], expected, atol=1e-6)
        assert torch.equal(changed_NA[:, [0, 2, 3, 4]], told_NA[:, [0, 2, 3, 4]])


def test_a_unit_that_is_hardly_asked_for_changes_with_the_strongest():
    """By a quarter of it, above and below what was asked; where no unit is asked for, none does."""
    told_NA = torch.tensor([[0.02, -0.1, 0.3, 0.8, 0.4], [-0.02, -0.1, -0.3, 0.0, -0.1]])
    for factor, expected in ((0, -0.3), (0.5, -0.2), (1, -0.1), (2, 0.1), (3, 0.3)):
        changed_NA = Steering({"AU14": factor})(told_NA, range(2))
        np.testing.assert_allclose(changed_NA[0, 1], expected, atol=1e-6)
        assert torch.equal(changed_NA[1], told_NA[1])


def test_frames_are_counted_through_the_film(tmp_path):
    curves = read_curves(curve(tmp_path, "time_s,AU10\n0,0\n10,5\n"))
    whole_NA = Steering({}, curves)(torch.zeros(100, 5), range(0, 100))
    part_NA = Steering({}, curves)(torch.zeros(30, 5), range(50, 80))
    assert torch.equal(part_NA, whole_NA[50:80])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: its columns must be time_s"),
        ("time_s\n0\n", "line 1"),
        ("time_s,AU11\n0,1\n", "not time_s, AU11"),
        ("time_s,AU25,AU25\n0,1,1\n", "each once"),
        ("AU25\n1\n", "line 1"),
        ("time_s,AU25\n", "no row below the heading"),
        ("time_s,AU25\n0,six\n", "line 2: column AU25: 'six' is not a number"),
        ("time_s,AU25\n0,6\n", "line 2: column AU25: 6 is not an intensity from 0 to 5"),
        ("time_s,AU25\n0,nan\n", "column AU25"),
        ("time_s,AU25\ninf,1\n", "column time_s"),
        ("time_s,AU25\n0\n", "line 2: column AU25: None"),
        ("time_s,AU25\n0,1\n0,2\n", "line 3: time_s must rise"),
        ("\x00\x00", "line 1"),
    ],
)
def test_a_curve_that_is_none_is_named(tmp_path, text, words):
    with pytest.raises(ValueError, match=r"curve\.csv") as caught:
        read_curves(curve(tmp_path, text))
    assert words in str(caught.value)


def test_factors_are_held_to_their_range():
    assert check_factors({"au25": 1.3}) == {"AU25": 1.3}
    for factors in ({"AU11": 1.0}, {"AU25": -1.0}, {"AU25": float("nan")}, {"AU25": 6.0}):
        with pytest.raises(ValueError, match="--au"):
            check_factors(factors)


@pytest.mark.parametrize("variant", ["warp", "a_with_photo"])
def test_what_is_set_reaches_the_head_frame_by_frame_and_leaves_it_again(folder, monkeypatch, variant):
    """In batches of 10 frames: the head's answers are changed, those of the next film are not."""
    # bfloat16, which a processor with AMX would choose, has three digits
    monkeypatch.setattr("talkface.animation.animator.pick_precision", lambda *_: "float32")
    animator = open_animator(folder / EXPERIMENT, variant=variant)
    sampler = animator.model.settings.sampler.model_copy(update={"batch_frames": 10})
    monkeypatch.setattr(type(animator), "_sampler", lambda *_: sampler)
    photo, sound = read_photo(folder / "it's a face.png"), folder / "speech.wav"
    head = animator._networks.renderer.au_head
    path = curve(folder, "time_s,AU10,AU14\n0,0,5\n2,5,5\n")
    shown = []
    code_of = animator._networks.renderer.code_of

    def watched(token, aus_BMA, *rest):
        shown.append(aus_BMA[0])
        return code_of(token, aus_BMA, *rest)

    monkeypatch.setattr(animator._networks.renderer, "code_of", watched)
    plain = list(animator.animate(photo, sound, crop=True))
    told_TA = torch.cat(shown)
    shown.clear()
    noted = Noted()
    list(animator.animate(photo, sound, crop=True, au={"AU25": 2.0}, au_curve=path, noted=noted))
    # each third: before that, it is asked what it does by itself, without the change and with it
    set_TA = torch.cat(shown[2::3])
    np.testing.assert_allclose(np.array(noted.predicted), 5 * told_TA, atol=1e-5)
    np.testing.assert_allclose(np.array(noted.shown), 5 * set_TA, atol=1e-5)
    assert len(plain) == len(told_TA) == len(set_TA) == 28
    np.testing.assert_allclose(set_TA[:, 0], np.arange(28) / 25 / 2, atol=1e-5)
    np.testing.assert_allclose(set_TA[:, 1], 1, atol=1e-6)
    least_T = 0.25 * told_TA.amax(dim=1).clamp(min=0)
    asked_T = told_TA[:, 3]
    torch.testing.assert_close(set_TA[:, 3], (asked_T + torch.maximum(asked_T, least_T)).clamp(max=1))
    torch.testing.assert_close(set_TA[:, [2, 4]], told_TA[:, [2, 4]])
    assert not head._forward_hooks and not animator._networks.renderer.sizes._forward_hooks
    assert all(map(np.array_equal, plain, animator.animate(photo, sound, crop=True)))


def test_the_command_takes_both_and_refuses_what_does_not_fit(folder, monkeypatch):
    monkeypatch.chdir(folder)
    curve(folder, "time_s,AU25\n0,1\n")
    given = ("it's a face.png", "speech.wav", "--crop", "--output", "a.mp4")
    done = generated(*given, "--variant", "warp", "--au", "au10=0.5", "--au-curve", "curve.csv", "--json")
    assert '"au": {"AU10": 0.5}' in done.stdout
    said = refused(*given, "--variant", "warp", "--au", "AU25=1.3", "--au-curve", "curve.csv", code=3)
    assert "--au AU25: --au-curve sets it already" in said
    assert "the variant warp" in refused(*given, "--variant", "b_full", "--au", "AU25=1.3", code=3)
    for wrong in ("AU25", "AU25=loud", "AU11=1"):
        done = talkface("generate", *given, "--model", EXPERIMENT, "--au", wrong)
        assert done.exit_code == 2 and "--au" in done.stderr


def test_units_are_noted_without_a_change_where_a_model_has_them(folder):
    photo, sound = folder / "it's a face.png", folder / "speech.wav"
    animator, noted = open_animator(folder / EXPERIMENT, variant="warp"), Noted()
    assert animator.steered
    frames = list(animator.animate(photo, sound, crop=True, noted=noted))
    assert len(noted.predicted) == 28 and np.array_equal(noted.predicted, noted.shown)
    assert all(map(np.array_equal, frames, animator.animate(photo, sound, crop=True)))
    other = open_animator(folder / EXPERIMENT, variant="b_full")
    assert not other.steered
    with pytest.raises(ValueError, match="the variant warp"):
        other.animate(photo, sound, noted=Noted())


def test_films_side_by_side_are_steered_apart(folder, monkeypatch):
    """Networks work ahead in threads: two films of one animator do not meet in them."""
    animator = open_animator(folder / EXPERIMENT, variant="warp")
    sampler = animator.model.settings.sampler.model_copy(update={"batch_frames": 2})
    monkeypatch.setattr(type(animator), "_sampler", lambda *_: sampler)
    photo, sound = read_photo(folder / "it's a face.png"), folder / "speech.wav"

    def films(noted):
        return [
            animator.animate(photo, sound, crop=True, au={au: 0.0}, noted=own)
            for au, own in zip(("AU10", "AU26"), noted, strict=True)
        ]

    alone, beside = (Noted(), Noted()), (Noted(), Noted())
    for film in films(alone):
        list(film)
    list(zip(*films(beside), strict=True))
    for one, other in zip(alone, beside, strict=True):
        assert len(other.shown) == 28 and np.array_equal(one.shown, other.shown)


def test_steps_belong_to_models_that_denoise(folder, monkeypatch):
    monkeypatch.chdir(folder)
    given = ("it's a face.png", "speech.wav", "--crop", "--output", "a.mp4")
    assert "makes a frame in one step" in refused(*given, "--variant", "warp", "--steps", "3", code=3)
    assert "must be from 1 to 1000" in refused(*given, "--variant", "ours", "--steps", "0", code=3)
    assert '"steps": 1' in generated(*given, "--variant", "ours", "--steps", "1", "--json").stdout
