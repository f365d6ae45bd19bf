"""The renderer that warps the photo: what it starts from, what moves it, and what it leaves alone."""

import pytest
import torch
from tiny_corpus import TRUNK, random_weights

from talkface.models.photo_trunk import linear_map, spread, warp
from talkface.models.warp_renderer import WarpRenderer

FACE = torch.rand(1, 468, 2, generator=torch.Generator().manual_seed(9)) - 0.5
SHUT = torch.zeros(1)
SIZES = {
    **TRUNK,
    "width": 8,
    "multipliers": [1, 1],
    "photo_maps": 8,
    "mixtures": 8,
    "code_width": 16,
    "sees_face": False,
}


def small(**changes) -> WarpRenderer:
    torch.manual_seed(0)
    return WarpRenderer(**SIZES | changes).eval()


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def decoded(net: WarpRenderer, photo, token, aus, points=FACE, **given):
    looked = net.look(photo, points, SHUT)
    return net.decode(net.code_of(token[None], aus[None], looked.gap_B, **given), looked)


def test_an_untrained_renderer_shows_the_photo_whatever_drives_it():
    net, photo = small(), noise(1, 3, 32, 32)
    made, _ = decoded(net, photo, noise(3, net.settings["fusion_widths"][-1]), noise(3, 5))
    assert torch.allclose(made.frame_N3HW, photo.expand(3, -1, -1, -1), atol=1e-6)
    assert not made.flow_N2hw.any()


def test_a_flow_looks_up_the_pixel_that_it_points_to():
    photo = noise(1, 3, 16, 16)
    still, right, down = torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 8, 8)
    right[:, 0], down[:, 1] = 2 / 16 * 3, 2 / 16 * 2  # three pixels and two, in half widths
    assert torch.allclose(warp(photo, still), photo, atol=1e-5)
    assert torch.allclose(warp(photo, right)[..., :13], photo[..., 3:], atol=1e-5)
    assert torch.allclose(warp(photo, right)[..., 13:], photo[..., 15:].expand(-1, -1, -1, 3), atol=1e-5)
    assert torch.allclose(warp(photo, down)[:, :, :14], photo[:, :, 2:], atol=1e-5)


def test_each_photo_is_warped_by_the_flows_of_its_own_frames():
    photos, flows = noise(2, 3, 16, 16), 0.2 * noise(6, 2, 8, 8, seed=2)
    together = warp(photos, flows)
    for frame in range(6):
        alone = warp(photos[frame // 3][None], flows[frame][None])
        assert torch.allclose(together[frame], alone[0], atol=1e-6)


@pytest.mark.parametrize("change", ["as it is", "mirrored", "larger", "turned"])
def test_displacements_follow_the_face(change):
    matrix = {
        "as it is": [[1.0, 0.0], [0.0, 1.0]],
        "mirrored": [[-1.0, 0.0], [0.0, 1.0]],
        "larger": [[1.3, 0.0], [0.0, 1.2]],
        "turned": [[0.8, 0.6], [-0.6, 0.8]],
    }[change]
    moved = FACE @ torch.tensor(matrix) + torch.tensor([0.1, -0.2])
    assert torch.allclose(linear_map(FACE[0], moved)[0], torch.tensor(matrix), atol=1e-4)


def test_a_landmark_moves_the_pixels_about_it_and_none_far_away():
    points = torch.zeros(1, 468, 2)
    points[0, 1] = torch.tensor([0.5, 0.5])
    value = torch.zeros(1, 468, 1)
    value[0, 1] = 1.0
    field = spread(value, points, 56, 56).view(56, 56)
    assert field[42, 42] > 0.9 and field[28, 28] < 1e-3
    assert field[0, 0] < 1e-3 and field[0, 55] < 1e-3 and field.max() <= 1


def test_a_shape_moves_the_picture_where_its_landmarks_go():
    """A single shape that moves the whole face down by two pixels, driven by a coefficient of one."""
    net, size = small(shapes=1, crop_size=64), 64
    centre = (2 * torch.arange(24) + 1) / 24 - 1
    dense = torch.stack(torch.meshgrid(centre, centre, indexing="xy"), -1).flatten(0, 1)[:468]
    net.set_shapes(dense, torch.tensor([0.0, 2 * 2 / size]).expand(1, 468, 2))
    net.sizes.bias.data.fill_(1.0)
    photo = torch.nn.functional.avg_pool2d(noise(1, 3, size + 4, size + 4), 5, 1)
    aus, token = torch.zeros(1, 5), torch.zeros(1, net.settings["fusion_widths"][-1])
    with torch.no_grad():
        made, moved = decoded(net, photo, token, aus, dense[None])
    assert torch.allclose(moved.moved_NP2[0, :, 1], torch.full((468,), 2 * 2 / size), atol=1e-4)
    middle = slice(20, 40)
    assert torch.allclose(made.frame_N3HW[..., 20:40, middle], photo[..., 18:38, middle], atol=0.05)


def test_a_frame_depends_on_its_own_drives_alone():
    net = random_weights(small(), 3)
    token, aus, photo = noise(4, net.settings["fusion_widths"][-1]), noise(4, 5), noise(1, 3, 32, 32)
    together = decoded(net, photo, token, aus)[0].frame_N3HW
    alone = decoded(net, photo, token[2:3], aus[2:3])[0].frame_N3HW
    assert torch.allclose(together[2:3], alone, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-3)


def test_a_token_that_is_not_heard_changes_nothing():
    net = random_weights(small(), 3)
    width, photo, aus = net.settings["fusion_widths"][-1], noise(1, 3, 32, 32), noise(2, 5)
    deaf = torch.zeros(1)
    one, other = (decoded(net, photo, noise(2, width, seed=s), aus, heard_B=deaf)[0] for s in (1, 2))
    assert torch.equal(one.frame_N3HW, other.frame_N3HW)
    heard = [decoded(net, photo, noise(2, width, seed=s), aus)[0].frame_N3HW for s in (1, 2)]
    assert not torch.allclose(*heard, atol=1e-4)


def test_speech_alone_makes_the_token():
    net = random_weights(small(speech=["audio"]), 3)
    mfcc = noise(1, 9, 12, 28)
    assert torch.equal(
        net.fuse(mfcc, noise(1, 3, 32, 32), None), net.fuse(mfcc, noise(1, 3, 32, 32, seed=4), None)
    )


def test_the_mask_of_au_attention_is_looked_at_where_it_is_asked_for():
    net, photo = random_weights(small(disentangled=True), 3), noise(1, 3, 32, 32)
    maps = [net.look(photo, FACE, SHUT, torch.full((1, 1, 32, 32), value)).maps_BDhw for value in (0.0, 1.0)]
    assert not torch.allclose(*maps)
    with pytest.raises(AssertionError, match="mask"):
        net.look(photo, FACE, SHUT)


def test_a_crop_that_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match="multiple of 16"):
        small(crop_size=24, multipliers=[1, 1, 1, 1])


def mouth(openness: float, size: int = 32) -> torch.Tensor:
    """A light face whose dark mouth is as high as AU25 says: [3, H, W]."""
    rows, columns = torch.meshgrid(*2 * [torch.linspace(-1, 1, size)], indexing="ij")
    inside = ((columns / 0.5) ** 2 + ((rows - 0.3) / (0.08 + 0.35 * openness)) ** 2) < 1
    return torch.where(inside, -0.8, 0.6).expand(3, -1, -1)


@pytest.mark.slow
def test_an_au_curve_given_by_hand_opens_the_mouth_step_by_step():
    """AU25 alone drives it, after a few seconds of training on drawn mouths."""
    torch.manual_seed(1)
    net = WarpRenderer(**SIZES | {"width": 16})
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    token = torch.zeros(16, net.settings["fusion_widths"][-1])
    photo = mouth(0.1)[None]
    for _ in range(160):
        aus = torch.zeros(16, 5)
        aus[:, 3] = torch.rand(16)
        truth = torch.stack([mouth(float(value)) for value in aus[:, 3]])
        made = decoded(net, photo, token, aus, heard_B=torch.zeros(1))[0].frame_N3HW
        loss = (made - truth).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    curve = torch.zeros(6, 5)
    curve[:, 3] = torch.linspace(0, 1, 6)
    with torch.no_grad():
        made = decoded(net.eval(), photo, token[:6], curve, heard_B=torch.zeros(1))[0].frame_N3HW
    dark = (made.mean(1) < -0.1).sum((1, 2))
    assert (dark.diff() > 0).all(), dark
    assert dark[-1] > 2 * dark[0], dark
