"""Paper A's diffusion with the photo: what a latent holds, what the denoiser is told, what learns."""

import pytest
import torch
from tiny_corpus import TRUNK, random_weights

from talkface.generation.samplers.ddim import sample as ddim
from talkface.models.photo_renderer import PhotoRenderer

FACE = torch.rand(1, 468, 2, generator=torch.Generator().manual_seed(9)) - 0.5
SHUT = torch.zeros(1)
SIZES = {
    **TRUNK,
    "width": 8,
    "multipliers": [1, 1],
    "photo_maps": 8,
    "code_width": 16,
    "decoder_width": 8,
    "denoiser_width": 8,
    "denoiser_multipliers": [1, 1],
    "attention_levels": [],
    "timesteps": 100,
    "sees_face": False,
}


def small(**changes) -> PhotoRenderer:
    torch.manual_seed(0)
    return PhotoRenderer(**SIZES | changes).eval()


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def driven(net: PhotoRenderer, photo, frames: int, seed: int = 5):
    looked = net.look(photo, FACE, SHUT)
    token = noise(1, frames, net.settings["fusion_widths"][-1], seed=seed)
    code = net.code_of(token, noise(1, frames, 5, seed=seed), looked.gap_B)
    return looked, code, net.move(code, looked)


def test_a_frame_that_is_the_photo_has_a_latent_of_zeros_which_is_decoded_to_it():
    net, photo = small(), noise(1, 3, 32, 32)
    looked = net.look(photo, FACE, SHUT)
    latent = net.encode(photo, FACE, looked)
    assert latent.shape == (1, 5, 8, 8) == (1, *net.latent_shape)
    assert latent.abs().max() < 1e-3
    assert torch.allclose(net.decode(latent, looked).frame_N3HW, photo, atol=1e-4)


def test_a_latent_says_where_the_photos_parts_have_gone_and_which_colours_are_wrong():
    """The face two pixels lower, all of it lighter: flow up by two pixels, and the light."""
    net, size = small(crop_size=64), 64
    centre = (2 * torch.arange(24) + 1) / 24 - 1
    dense = torch.stack(torch.meshgrid(centre, centre, indexing="xy"), -1).flatten(0, 1)[:468][None]
    photo = torch.nn.functional.avg_pool2d(noise(1, 3, size + 4, size + 4), 5, 1)
    frame = photo.roll(2, dims=2) + 0.12
    looked = net.look(photo, dense, SHUT)
    latent = net.encode(frame, dense + torch.tensor([0.0, 2 * 2 / size]), looked)
    middle = latent[0, :, 4:12, 4:12]
    assert torch.allclose(middle[1] * 0.02, torch.full((8, 8), -2 * 2 / size), atol=2e-3)
    assert middle[0].abs().max() * 0.02 < 2e-3
    assert torch.allclose(middle[2:] * 0.06, torch.full((3, 8, 8), 0.12), atol=0.02)
    rebuilt = net.decode(latent, looked).frame_N3HW
    assert (rebuilt - frame)[..., 16:48, 16:48].abs().mean() < 0.3 * (photo - frame)[
        ..., 16:48, 16:48
    ].abs().mean()


def test_each_frame_is_encoded_decoded_and_denoised_beside_its_own_photo():
    net, photos, frames = random_weights(small(), 3), noise(2, 3, 32, 32), noise(4, 3, 32, 32, seed=2)
    face = FACE.expand(2, -1, -1)
    points = face.repeat_interleave(2, 0) + 0.1 * noise(4, 468, 2, seed=7)
    both = net.look(photos, face, SHUT.expand(2))
    token, aus = noise(2, 2, net.settings["fusion_widths"][-1]), noise(2, 2, 5)
    code, latent, at = (
        net.code_of(token, aus, both.gap_B),
        net.encode(frames, points, both),
        torch.tensor([5, 50, 5, 50]),
    )
    together = (
        latent,
        net.decode(latent, both).frame_N3HW,
        net.denoise(latent, at, code, both, net.move(code, both)),
    )
    for number in (0, 1):
        own = slice(2 * number, 2 * number + 2)
        looked = net.look(photos[number : number + 1], FACE, SHUT)
        alone = net.code_of(token[number : number + 1], aus[number : number + 1], looked.gap_B)
        parts = (
            net.encode(frames[own], points[own], looked),
            net.decode(latent[own], looked).frame_N3HW,
            net.denoise(latent[own], at[own], alone, looked, net.move(alone, looked)),
        )
        for one, other in zip(together, parts, strict=True):
            assert torch.allclose(one[own], other, atol=1e-4)


def test_the_denoiser_is_told_code_photo_and_coarse_flow():
    net, photo = random_weights(small(), 3), noise(1, 3, 32, 32)
    looked, code, moved = driven(net, photo, 2)
    noisy, at = noise(2, *net.latent_shape), torch.tensor([20, 20])
    told = net.denoise(noisy, at, code, looked, moved)
    other_looked, other_code, _ = driven(net, noise(1, 3, 32, 32, seed=8), 2, seed=6)
    for changed in (
        net.denoise(noisy, at, other_code, looked, moved),
        net.denoise(noisy, at, code, other_looked, moved),
        net.denoise(noisy, at, code, looked, moved._replace(flow_N2hw=moved.flow_N2hw + 0.1)),
    ):
        assert not torch.allclose(told, changed, atol=1e-4)


@pytest.mark.parametrize("preconditioned", [True, False])
def test_frames_are_sampled_of_the_noise_that_is_given(preconditioned):
    net, photo = random_weights(small(preconditioned=preconditioned), 3), noise(1, 3, 32, 32)
    face = Face(photo[0], FACE[0], SHUT[0])
    token = noise(3, net.settings["fusion_widths"][-1])

    def frames(seed: int) -> torch.Tensor:
        start = torch.randn(1, 3, *net.latent_shape, generator=torch.Generator().manual_seed(seed))

        def sample(denoise, shape, alpha_bar):
            assert shape == net.latent_shape
            return ddim(denoise, start, alpha_bar, steps=2)

        with torch.no_grad():
            return net.sampled_frames(token, face, sample)

    assert frames(0).shape == (3, 3, 32, 32) and torch.equal(frames(0), frames(0))
    assert not torch.allclose(frames(0), frames(1), atol=1e-4)


class Face:
    """A whole first face."""

    def __init__(self, image, points, lip_gap):
        self.image, self.points, self.lip_gap = image, points, lip_gap
        self.mask = torch.ones(1, *image.shape[1:])
        self.audio_face = self.identity_face = image


@pytest.mark.slow
def test_the_decoder_learns_what_a_latent_cannot_hold():
    """After some seconds on spots that move, new ones are nearer to the truth than before."""
    torch.manual_seed(1)
    net = PhotoRenderer(**SIZES | {"width": 16, "decoder_width": 16}).train()
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    untrained = error(net)
    for _ in range(160):
        photo, frame, face, moved = spots(8)
        looked = net.look(photo, face, SHUT.expand(8))
        loss = (net.decode(net.encode(frame, moved, looked), looked).frame_N3HW - frame).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert error(net.eval()) < 0.6 * untrained


@torch.no_grad()
def error(net: PhotoRenderer) -> float:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        photo, frame, face, moved = spots(32)
    looked = net.look(photo, face, SHUT.expand(32))
    return (net.decode(net.encode(frame, moved, looked), looked).frame_N3HW - frame).square().mean().item()


def spots(count: int) -> tuple[torch.Tensor, ...]:
    """Pictures of a small spot, the same with the spot elsewhere, and landmarks about both."""
    rows, columns = torch.meshgrid(*2 * [torch.linspace(-1, 1, 32)], indexing="ij")
    colour = torch.rand(count, 3, 1, 1) * 2 - 1

    def drawn(centre: torch.Tensor) -> torch.Tensor:
        away = (columns - centre[:, :1, None]) ** 2 + (rows - centre[:, 1:, None]) ** 2
        return 0.3 * colour.flip(1) + colour * torch.exp(-away / 0.02)[:, None]

    at, step = torch.rand(count, 2) - 0.5, 0.2 * torch.randn(count, 2)
    about = at[:, None] + 0.1 * (FACE - FACE.mean(1, keepdim=True))
    return drawn(at), drawn(at + step), about, about + step[:, None]
