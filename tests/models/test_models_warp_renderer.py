"""The renderer that warps the photo: what it starts from, what moves it, and what it leaves alone."""

import pytest
import torch
from tiny_corpus import TRUNK, random_weights

from talkface.models.warp_renderer import WarpRenderer, warp

SIZES = {**TRUNK, "width": 8, "multipliers": [1, 1], "code_width": 16, "sees_face": False}


def small(**changes) -> WarpRenderer:
    torch.manual_seed(0)
    return WarpRenderer(**SIZES | changes).eval()


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def decoded(net: WarpRenderer, photo, token, aus, **given):
    skips = [level.expand(len(token), -1, -1, -1) for level in net.skips(photo)]
    return net.decode(token, aus, skips, **given)


def test_an_untrained_renderer_shows_the_photo_whatever_drives_it():
    net, photo = small(), noise(1, 3, 32, 32)
    made = decoded(net, photo, noise(3, net.settings["fusion_widths"][-1]), noise(3, 5))
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


def test_a_frame_depends_on_its_own_drives_alone():
    net = random_weights(small(), 3)
    token, aus, photo = noise(4, net.settings["fusion_widths"][-1]), noise(4, 5), noise(1, 3, 32, 32)
    together = decoded(net, photo, token, aus).frame_N3HW
    alone = decoded(net, photo, token[2:3], aus[2:3]).frame_N3HW
    assert torch.allclose(together[2:3], alone, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-3)


def test_a_token_that_is_not_heard_changes_nothing():
    net = random_weights(small(), 3)
    width, photo, aus = net.settings["fusion_widths"][-1], noise(1, 3, 32, 32), noise(2, 5)
    deaf = torch.zeros(2)
    one, other = (decoded(net, photo, noise(2, width, seed=s), aus, heard_N=deaf) for s in (1, 2))
    assert torch.equal(one.frame_N3HW, other.frame_N3HW)
    heard = [decoded(net, photo, noise(2, width, seed=s), aus).frame_N3HW for s in (1, 2)]
    assert not torch.allclose(*heard, atol=1e-4)


def test_speech_alone_makes_the_token():
    net = random_weights(small(speech=["audio"]), 3)
    mfcc = noise(1, 9, 12, 28)
    assert torch.equal(
        net.fuse(mfcc, noise(1, 3, 32, 32), None), net.fuse(mfcc, noise(1, 3, 32, 32, seed=4), None)
    )


def test_the_mask_of_au_attention_is_looked_at_where_it_is_asked_for():
    net, photo = random_weights(small(disentangled=True), 3), noise(1, 3, 32, 32)
    maps = [net.skips(photo, torch.full((1, 1, 32, 32), value))[1] for value in (0.0, 1.0)]
    assert not torch.allclose(*maps)
    with pytest.raises(AssertionError, match="mask"):
        net.skips(photo)


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
    photos = mouth(0.1).expand(16, -1, -1, -1)
    for _ in range(160):
        aus = torch.zeros(16, 5)
        aus[:, 3] = torch.rand(16)
        truth = torch.stack([mouth(float(value)) for value in aus[:, 3]])
        made = net.decode(token, aus, net.skips(photos), torch.zeros(16)).frame_N3HW
        loss = (made - truth).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    curve = torch.zeros(6, 5)
    curve[:, 3] = torch.linspace(0, 1, 6)
    with torch.no_grad():
        made = decoded(net.eval(), mouth(0.1)[None], token[:6], curve, heard_N=torch.zeros(6)).frame_N3HW
    dark = (made.mean(1) < -0.1).sum((1, 2))
    assert (dark.diff() > 0).all(), dark
    assert dark[-1] > 2 * dark[0], dark
