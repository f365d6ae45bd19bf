"""The painter of the mouth: it starts from nothing, paints about the mouth alone, and goes with the face."""

import math

import pytest
import torch
from tiny_corpus import random_weights

from talkface.models.mouth_painter import MouthPainter

SIZE, CODE = 112, 16
MIDDLE, UPRIGHT = torch.tensor([[0.05, -0.1]]), torch.eye(2)[None]


def painter() -> MouthPainter:
    torch.manual_seed(0)
    net = MouthPainter(width=8, code_width=CODE, crop_size=SIZE).eval()
    net.place(torch.tensor([0.0, 0.4]), torch.tensor([0.4, 0.3]))
    return net


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def added(net: MouthPainter, axes: torch.Tensor = UPRIGHT, middle: torch.Tensor = MIDDLE) -> torch.Tensor:
    """What is painted over a grey picture, [H, W]: the painter sees the same mouth wherever the face is."""
    grey = torch.zeros(1, 3, SIZE, SIZE)
    with torch.no_grad():
        return (net(grey, noise(1, CODE), grey, middle, axes) - grey).abs().sum(1)[0]


def test_it_starts_by_painting_nothing():
    frames, photo = noise(4, 3, SIZE, SIZE), noise(2, 3, SIZE, SIZE, seed=2)
    made = painter()(frames, noise(4, CODE), photo, MIDDLE.expand(2, 2), UPRIGHT.expand(2, 2, 2))
    assert torch.equal(made, frames)


def test_it_paints_about_the_mouth_and_nowhere_else():
    painted = added(random_weights(painter(), 3))
    rows, columns = painted.any(1).nonzero().flatten(), painted.any(0).nonzero().flatten()
    pixel = 2 / SIZE
    top, bottom, left, right = -0.1 + 0.4 - 0.3, -0.1 + 0.4 + 0.3, 0.05 - 0.4, 0.05 + 0.4
    assert (rows[0] + 0.5) * pixel - 1 == pytest.approx(top, abs=2 * pixel)
    assert (rows[-1] + 0.5) * pixel - 1 == pytest.approx(bottom, abs=2 * pixel)
    assert (columns[0] + 0.5) * pixel - 1 == pytest.approx(left, abs=2 * pixel)
    assert (columns[-1] + 0.5) * pixel - 1 == pytest.approx(right, abs=2 * pixel)
    edge, inside = painted[rows[0], columns[0] : columns[-1]], painted[rows[0] + 12, columns[20:-20]]
    assert edge.max() < 0.4 * inside.max()


@pytest.mark.parametrize("degrees", [90, 180])
def test_the_painting_turns_with_the_face(degrees):
    """About the picture's middle, so that a quarter turn is exact."""
    net, angle = random_weights(painter(), 3), math.radians(degrees)
    turned = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])[None]
    level, other = added(net, middle=torch.zeros(1, 2)), added(net, turned, torch.zeros(1, 2))
    expected = torch.rot90(level, -degrees // 90)
    assert torch.allclose(other, expected, atol=0.02 * float(level.max()))


def test_each_frame_is_painted_by_its_own_code_over_its_own_photo():
    net = random_weights(painter(), 3)
    frames, codes, photos = noise(6, 3, SIZE, SIZE), noise(6, CODE), noise(2, 3, SIZE, SIZE, seed=2)
    middles, axes = torch.tensor([[0.0, 0.0], [0.1, 0.1]]), torch.stack([torch.eye(2), 0.8 * torch.eye(2)])
    with torch.no_grad():
        together = net(frames, codes, photos, middles, axes)
        for frame in range(6):
            photo = slice(frame // 3, frame // 3 + 1)
            own = slice(frame, frame + 1)
            alone = net(frames[own], codes[own], photos[photo], middles[photo], axes[photo])
            assert torch.allclose(together[own], alone, atol=1e-5)
        assert not torch.allclose(together, net(frames, codes.flip(0), photos, middles, axes), atol=1e-3)


def test_darker_and_flatter_colours_are_painted_alike_in_their_own_units():
    net, code = random_weights(painter(), 3), noise(1, CODE)
    frame, photo = noise(1, 3, SIZE, SIZE), noise(1, 3, SIZE, SIZE, seed=2)
    with torch.no_grad():
        light = net(frame, code, photo, MIDDLE, UPRIGHT) - frame
        dark = net(0.5 * frame - 0.4, code, 0.5 * photo - 0.4, MIDDLE, UPRIGHT) - (0.5 * frame - 0.4)
    assert light.abs().max() > 0.01
    assert torch.allclose(dark, 0.5 * light, atol=1e-5)


def test_a_photo_of_one_colour_gives_finite_pictures():
    grey = torch.zeros(1, 3, SIZE, SIZE)
    with torch.no_grad():
        assert random_weights(painter(), 3)(grey, noise(1, CODE), grey, MIDDLE, UPRIGHT).isfinite().all()


def test_a_face_in_one_point_gives_finite_pictures():
    painted = added(random_weights(painter(), 3), torch.zeros(1, 2, 2))
    assert painted.isfinite().all()
