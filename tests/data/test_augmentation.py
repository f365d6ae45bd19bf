"""What augmentation does to pictures and sounds, and what it leaves alone."""

import numpy as np
import pytest
import torch

from talkface.config import PictureAugmentation, SoundAugmentation
from talkface.data.augmentation import change_sound, draw_pictures, moves, recolour, silent_sound
from talkface.features.mel import POWER_FLOOR, mfcc

NO_PICTURE = dict.fromkeys(PictureAugmentation.model_fields, 0.0)
NO_SOUND = dict.fromkeys(("vocal_tract", "gain", "filter", "noise_share", "silence_share"), 0.0)


def pictures(count: int = 2, size: int = 16) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(2)) * 2 - 1


def drawn_for(clips: int, seed: int = 0, **settings):
    return draw_pictures(PictureAugmentation(**NO_PICTURE | settings), clips, np.random.default_rng(seed))


def changed(picture, seed: int = 0, **settings):
    drawn = drawn_for(len(picture), seed, **settings)
    moved = moves(drawn, picture.shape[-1]).pictures(picture)
    return recolour(moved[:, None], drawn)[:, 0]


def test_with_all_parts_at_zero_a_picture_stays():
    assert torch.allclose(changed(pictures()), pictures(), atol=1e-5)


def test_a_mirror_turns_left_into_right():
    assert torch.allclose(changed(pictures(), mirror=1.0), pictures().flip(-1), atol=1e-5)


@pytest.mark.parametrize("part", ["gain", "gamma", "offset", "rotation", "scale", "shift", "bend"])
def test_every_part_changes_the_picture(part):
    assert (changed(pictures(), **{part: 0.2}) - pictures()).abs().mean() > 0.01


def test_any_number_of_channels_is_moved_alike():
    drawn = drawn_for(2, rotation=0.2, bend=0.05)
    many = torch.cat([pictures(), pictures()[:, :1]], dim=1)
    made = moves(drawn, 16).pictures(many)
    assert torch.equal(made[:, 0], made[:, 3])


def test_one_draw_lights_photo_and_frames_alike():
    drawn = draw_pictures(PictureAugmentation(), 2, np.random.default_rng(3))
    seen = recolour(pictures()[:, None].expand(-1, 3, -1, -1, -1), drawn)
    assert torch.equal(seen[:, 0], seen[:, 2])
    assert not torch.allclose(seen[0] - pictures()[0], seen[1] - pictures()[1], atol=0.01)


def test_points_go_where_the_moved_picture_shows_them():
    """A bright spot at each of some places, one a picture, found again in the moved one."""
    size, place = 112, torch.tensor([[-0.4, 0.5], [0.0, 0.3], [0.35, -0.2], [0.1, 0.45]])
    centre = (2 * torch.arange(size) + 1) / size - 1
    rows, columns = torch.meshgrid(centre, centre, indexing="ij")
    spots = torch.exp(
        -((columns - place[:, :1, None]) ** 2 + (rows - place[:, 1:, None]) ** 2) / (2 * 0.04**2)
    )
    drawn = draw_pictures(PictureAugmentation(), len(place), np.random.default_rng(5))
    moved = moves(drawn, size)
    seen = moved.pictures(spots[:, None])[:, 0]
    share = seen / seen.sum((1, 2), keepdim=True)
    found = torch.stack([(share * columns).sum((1, 2)), (share * rows).sum((1, 2))], dim=-1)
    assert (found - place).abs().max() > 0.1
    assert torch.allclose(moved.points(place[:, None])[:, 0], found, atol=0.5 * 2 / size)


def sound(bands: int = 13) -> np.ndarray:
    return np.random.default_rng(1).normal(-5, 2, (40, bands)).astype(np.float32)


def varied(mel_KM, seed: int = 0, **settings):
    return change_sound(mel_KM, SoundAugmentation(**NO_SOUND | settings), np.random.default_rng(seed))


def test_with_all_parts_at_zero_a_sound_stays():
    assert np.allclose(varied(sound()), sound(), atol=1e-6)


def test_volume_changes_no_cepstrum():
    assert np.allclose(mfcc(varied(sound(), gain=2.0), 12), mfcc(sound(), 12), atol=1e-4)


def test_a_vocal_tract_of_another_length_moves_a_formant_by_its_share():
    bands = np.arange(40)
    peak = np.exp(-((bands - 20) ** 2) / 8).astype(np.float32)[None].repeat(3, 0)
    at = [int(varied(peak, seed, vocal_tract=0.2)[0].argmax()) for seed in range(20)]
    assert min(at) >= 16 and max(at) <= 25 and len(set(at)) > 3


def test_noise_fills_what_was_silent_and_leaves_what_is_louder():
    loud = np.full((50, 13), 2.0, np.float32)
    loud[25:] = -12.0
    made = varied(loud, noise_share=1.0, noise_db=(-20.0, -20.0))
    assert np.allclose(made[:25], 2.0, atol=0.5)
    assert made[25:].mean() > -6


def test_silent_sound_is_at_the_floor_or_steady_noise():
    floor = np.log(POWER_FLOOR)
    made = [silent_sound((200, 13), np.random.default_rng(seed)) for seed in range(12)]
    assert any((one == np.float32(floor)).all() for one in made)
    assert all((one >= np.float32(floor)).all() for one in made)
    assert all(one.std(axis=0).max() < 1.0 for one in made), "what swells and fades would be speech"
