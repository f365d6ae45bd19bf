import pytest
import torch

from talkface.models.au_attention import AuCritic, AuGenerator, compose


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_papers_sizes_are_recorded():
    with torch.device("meta"):
        generator, critic = AuGenerator(), AuCritic()
        colour, mask = generator(torch.empty(2, 3, 112, 112), torch.empty(2, 5))
        patches, aus = critic(colour)
    assert colour.shape == (2, 3, 112, 112) and mask.shape == (2, 1, 112, 112)
    assert patches.shape == (2, 2, 2) and aus.shape == (2, 5)
    assert (count(generator), count(critic)) == (8_433_600, 44_762_048)


def test_the_critics_layers_halve_and_round_up():
    critic = AuCritic(2, 6, 112)
    assert critic.aus.kernel_size == (2, 2)
    assert critic(torch.zeros(1, 3, 112, 112))[0].shape == (1, 2, 2)
    assert AuCritic(2, 5, 100)(torch.zeros(1, 3, 100, 100))[1].shape == (1, 5)


def test_a_mask_of_one_keeps_the_image():
    image, colour = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(compose(image, colour, torch.ones(2, 1, 8, 8)), image)
    torch.testing.assert_close(compose(image, colour, torch.zeros(2, 1, 8, 8)), colour)


def test_ranges_determinism_and_settings():
    torch.manual_seed(0)
    net = AuGenerator(8, 1)
    image, au = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 5)
    colour, mask = net(image, au)
    assert colour.abs().max() < 1 and mask.min() > 0 and mask.max() < 1
    assert torch.equal(mask, net(image, au)[1])
    twin = AuGenerator(**net.settings)
    twin.load_state_dict(net.state_dict())
    assert torch.equal(twin(image, au)[1], mask)
    assert AuCritic(**AuCritic(4, 3, 32).settings).settings == {"width": 4, "layers": 3, "image_size": 32}
    with pytest.raises(ValueError, match="multiples of 4"):
        net(torch.zeros(1, 3, 30, 30), au[:1])


def test_the_target_aus_reach_the_middle_of_the_picture():
    """An instance norm right after the first convolution would take constant inputs out again."""
    torch.manual_seed(0)
    net = AuGenerator(16, 2).eval()
    image = torch.rand(1, 3, 112, 112) * 2 - 1
    with torch.no_grad():
        low, high = net(image, torch.zeros(1, 5))[0], net(image, torch.ones(1, 5))[0]
    middle = (low - high)[..., 40:72, 40:72].abs().mean()
    border = (low - high)[..., :4, :].abs().mean()
    assert middle > 0.1 * border
    assert middle > 1e-3


def test_every_weight_learns():
    torch.manual_seed(0)
    generator, critic = AuGenerator(8, 1), AuCritic(4, 3, 32)
    image, au = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 5)
    colour, mask = generator(image, au)
    patches, aus = critic(compose(image, colour, mask))
    (patches.mean() + (aus - au).square().mean()).backward()
    for net in (generator, critic):
        assert [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_composing_under_mixed_precision_keeps_the_image():
    image = torch.rand(2, 3, 8, 8) * 2 - 1
    colour = torch.zeros(2, 3, 8, 8, dtype=torch.bfloat16)
    kept = compose(image, colour, torch.ones(2, 1, 8, 8, dtype=torch.bfloat16))
    assert kept.dtype == torch.float32
    assert torch.equal(kept, image)
