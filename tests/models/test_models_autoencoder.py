import pytest
import torch

from talkface.models.autoencoder import Codebook, VQAutoencoder
from talkface.models.blocks import group_norm


@pytest.fixture(scope="module")
def small() -> VQAutoencoder:
    torch.manual_seed(0)
    return VQAutoencoder(width=8, multipliers=[1, 2, 2], blocks=1, codes=32)


def test_the_papers_size_is_recorded():
    with torch.device("meta"):
        net = VQAutoencoder().eval()
        z = net.encode(torch.empty(2, 3, 112, 112))
        assert z.shape == (2, 3, 28, 28)
        assert net.decoder(z).shape == (2, 3, 112, 112)
    assert sum(p.numel() for p in net.parameters()) == 55_298_206
    assert net.codebook.codes_DC.shape == (8192, 3)


def test_groups_follow_the_width():
    assert {w: group_norm(w).num_groups for w in (128, 256, 512)} == {128: 32, 256: 32, 512: 32}
    for width in (3, 8, 12, 20, 27, 96):
        assert width % group_norm(width).num_groups == 0


def test_shapes_and_refusal_of_odd_sides(small):
    rebuilt, commitment, index = small.eval()(torch.rand(2, 3, 16, 24) * 2 - 1)
    assert rebuilt.shape == (2, 3, 16, 24)
    assert commitment.ndim == 0
    assert index.shape == (2, 4, 6)
    with pytest.raises(ValueError, match="multiples of 4"):
        small.encode(torch.zeros(1, 3, 18, 16))


def test_nearest_is_the_nearest_even_far_from_the_origin():
    torch.manual_seed(1)
    book = Codebook(300, 3)
    book.codes_DC.copy_(torch.randn(300, 3) + 20)
    vectors = torch.randn(5000, 3) + 20
    expected = torch.cdist(vectors.double(), book.codes_DC.double()).argmin(1)
    assert (book.nearest(vectors) == expected).float().mean() > 0.999


def test_quantising_gives_codes_and_passes_the_gradient_straight_through(small):
    small.eval()
    z = torch.randn(2, 3, 4, 4, requires_grad=True)
    quantised, commitment, index = small.quantise(z)
    torch.testing.assert_close(
        quantised.permute(0, 2, 3, 1).detach(), small.codebook.codes_DC[index], rtol=0, atol=1e-6
    )
    weight = torch.randn_like(quantised)
    (gradient,) = torch.autograd.grad((quantised * weight).sum(), z, retain_graph=True)
    assert torch.equal(gradient, weight)
    (gradient,) = torch.autograd.grad(commitment, z)
    torch.testing.assert_close(gradient, 2 * (z - quantised).detach() / z.numel())


def test_codes_quantise_to_themselves(small):
    small.eval()
    z = small.codebook.codes_DC.T.reshape(1, 3, 4, 8)
    quantised, commitment, _ = small.quantise(z)
    torch.testing.assert_close(quantised, z)
    assert commitment < 1e-10


def test_the_codebook_follows_its_latents_and_stays_in_use():
    """Latents that begin nearly constant, then spread and wander off: what an untrained encoder does."""
    torch.manual_seed(0)
    book = Codebook(256, 3).train()
    for step in range(150):
        spread, place = 0.02 + min(step, 75) / 75, min(step, 75) / 25
        book(torch.randn(4, 3, 16, 32) * spread + place)
    fresh = torch.randn(16, 3, 16, 32) * 1.02 + 3
    before = book.codes_DC.clone()
    _, commitment, index = book.eval()(fresh)
    assert index.unique().numel() > 0.9 * 256
    assert commitment < 0.1  # of a variance of three
    assert torch.equal(before, book.codes_DC)  # evaluation leaves the codebook alone


def test_training_repeats_from_a_seed_and_survives_a_reload():
    def run(parts: int) -> Codebook:
        torch.manual_seed(3)
        data = [torch.randn(2, 3, 8, 8) for _ in range(6)]
        book = Codebook(64, 3).train()
        for step, z in enumerate(data):
            torch.manual_seed(step)
            book(z)
            if parts == 2 and step == 2:
                twin = Codebook(64, 3).train()
                twin.load_state_dict(book.state_dict())
                book = twin
        return book

    assert torch.equal(run(1).codes_DC, run(2).codes_DC)


def test_latent_units(small):
    torch.manual_seed(0)
    x = torch.rand(8, 3, 32, 32) * 2 - 1
    small.eval()
    with torch.no_grad():
        z = small.encode(x)
        small.set_latent_statistics(z.mean((0, 2, 3)), z.std((0, 2, 3)))
        latent = small.to_latent(x)
        torch.testing.assert_close(latent.std((0, 2, 3)), torch.ones(3), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(latent.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-4)
        torch.testing.assert_close(
            small.from_latent(latent, quantise=False), small.decode(z, quantise=False), rtol=1e-3, atol=1e-4
        )
        assert not torch.equal(small.from_latent(latent), small.from_latent(latent, quantise=False))
    twin = VQAutoencoder(**small.settings)
    twin.load_state_dict(small.state_dict())
    assert torch.equal(twin.eval().to_latent(x), latent)


def test_every_weight_learns():
    torch.manual_seed(0)
    net = VQAutoencoder(width=8, multipliers=[1, 2], blocks=1, codes=16).train()
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    x = torch.rand(4, 3, 16, 16) * 2 - 1
    for _ in range(3):  # zero-initialised layers let gradient through after their first step
        optimizer.zero_grad()
        rebuilt, commitment, _ = net(x)
        ((rebuilt - x).square().mean() + 0.25 * commitment).backward()
        optimizer.step()
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_bfloat16_keeps_the_codebook_in_float32(small):
    small.train()
    with torch.autocast("cpu", torch.bfloat16):
        rebuilt, commitment, _ = small(torch.rand(2, 3, 16, 16))
    assert commitment.dtype == small.codebook.codes_DC.dtype == torch.float32
    assert torch.isfinite(rebuilt).all()
