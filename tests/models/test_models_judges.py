"""AU classifier, critics and perceptual features: shapes, parameters, and what they must not mix."""

import pytest
import torch

from talkface.models.au_classifier import AuClassifier
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.critics import FrameCritic, VideoCritic
from talkface.models.perceptual import EncoderFeatures, Vgg19Features


def count(module):
    return sum(p.numel() for p in module.parameters())


def conv(before, after, taps):
    return before * after * taps + after


def test_au_classifier_four_convolutions_three_fc():
    with torch.device("meta"):
        net = AuClassifier()
        assert net(torch.empty(7, 3, 112, 112)).shape == (7, 5)
    kinds = [type(layer) for layer in net.modules()]
    assert (kinds.count(torch.nn.Conv2d), kinds.count(torch.nn.Linear)) == (4, 3)
    convolutions = [(3, 32), (32, 64), (64, 128), (128, 256)]
    dense = [(256 * 4 * 7, 256), (256, 256), (256, 5)]
    assert count(net) == sum(conv(*c, 25) + 2 * c[1] for c in convolutions) + sum(conv(*d, 1) for d in dense)


def test_au_classifier_sees_the_lower_half_alone():
    torch.manual_seed(0)
    net = AuClassifier(4, 32).eval()
    face = torch.randn(2, 3, 32, 32, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(face).sum(), face)
    rows = gradient.abs().sum((0, 1, 3))
    assert not rows[:16].any() and (rows[16:] > 0).all()
    with pytest.raises(ValueError, match="lower half"):
        AuClassifier(4, 33)


def test_a_frozen_au_classifier_judges_alike_in_every_batch():
    torch.manual_seed(0)
    net, face = AuClassifier(4, 32).eval(), torch.randn(5, 3, 32, 32)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    together = net(face)
    torch.testing.assert_close(net(face[3:4]), together[3:4], rtol=1e-4, atol=1e-5)
    assert torch.equal(net(face), together)
    # No statistics move, in training mode either: only the dropout sets the modes apart.
    net.train()(face)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    twin = AuClassifier(**net.settings).eval()
    twin.load_state_dict(net.state_dict())
    assert torch.equal(twin(face), net.eval()(face))


def test_frame_critic_scores_patches_of_70_pixels():
    with torch.device("meta"):
        net = FrameCritic()
        assert net(torch.empty(2, 3, 112, 112)).shape == (2, 1, 12, 12)
    pairs = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1)]
    assert count(net) == sum(conv(*pair, 16) for pair in pairs) + 2 * (128 + 256 + 512)
    # The normalisation looks at the whole picture; without it a score sees its patch and nothing else.
    small = FrameCritic(4)
    small.layers = torch.nn.Sequential(*[m for m in small.layers if not isinstance(m, torch.nn.GroupNorm)])
    frame = torch.randn(1, 3, 112, 112, requires_grad=True)
    (gradient,) = torch.autograd.grad(small(frame)[0, 0, 6, 6], frame)
    seen = gradient[0].abs().sum(0).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [70, 70]


@pytest.mark.parametrize("frames", [4, 5, 7, 16])
def test_video_critic_takes_any_length_from_four(frames):
    torch.manual_seed(0)
    net = VideoCritic(4)
    scores = net(torch.randn(2, 3, frames, 32, 32))
    assert scores.shape == (2, 1, frames // 4, 2, 2)
    with pytest.raises(ValueError, match="3 frames are too few"):
        net(torch.randn(1, 3, 3, 32, 32))


def test_video_critic_parameters_and_that_it_sees_the_order():
    with torch.device("meta"):
        net = VideoCritic()
        assert net(torch.empty(1, 3, 16, 112, 112)).shape == (1, 1, 4, 12, 12)
    layers = [(3, 64, 48), (64, 128, 64), (128, 256, 64), (256, 512, 48), (512, 1, 48)]
    assert count(net) == sum(conv(*layer) for layer in layers) + 2 * (128 + 256 + 512)
    torch.manual_seed(0)
    clip = torch.randn(1, 3, 8, 32, 32)
    small = VideoCritic(4)
    assert not torch.allclose(small(clip).mean(), small(clip[:, :, torch.randperm(8)]).mean(), atol=1e-6)


@pytest.mark.parametrize(
    ("critic", "shape"), [(FrameCritic, (3, 3, 32, 32)), (VideoCritic, (3, 3, 4, 32, 32))]
)
def test_critics_do_not_mix_a_batch_and_every_weight_learns(critic, shape):
    torch.manual_seed(0)
    net, x = critic(4), torch.randn(shape)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]), rtol=1e-4, atol=1e-5)
    net(x).square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())
    assert critic(**net.settings).state_dict().keys() == net.state_dict().keys()


# torchvision's numbering of VGG-19's convolutions, and the channels that go in and out of each.
VGG19 = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128),
    10: (128, 256), 12: (256, 256), 14: (256, 256), 16: (256, 256),
    19: (256, 512), 21: (512, 512), 23: (512, 512), 25: (512, 512),
    28: (512, 512), 30: (512, 512), 32: (512, 512), 34: (512, 512),
}  # fmt: skip


def test_vgg19_has_torchvisions_names_and_shapes():
    with torch.device("meta"):
        net = Vgg19Features()
        maps = net(torch.empty(2, 3, 112, 112))
    expected = {}
    for index, (before, after) in VGG19.items():
        expected[f"features.{index}.weight"] = (after, before, 3, 3)
        expected[f"features.{index}.bias"] = (after,)
    assert {name: tuple(value.shape) for name, value in net.state_dict().items()} == expected
    assert count(net) == 20_024_384
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7),
    ]  # fmt: skip


def test_vgg19_gives_relus_of_imagenet_normalised_pictures():
    torch.manual_seed(0)
    net, image = Vgg19Features(), torch.rand(1, 3, 16, 16) * 2 - 1
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = ((image + 1) / 2 - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)
    maps = net(image)
    torch.testing.assert_close(maps[0], net.features[:4](normalised))  # relu1_2
    torch.testing.assert_close(maps[4], net.features(normalised))  # relu5_4
    assert all((m >= 0).all() for m in maps)


def test_the_stand_in_looks_at_our_encoder_before_its_attention():
    torch.manual_seed(0)
    autoencoder = (
        VQAutoencoder(width=8, multipliers=[1, 2, 4], blocks=2, codes=8).eval().requires_grad_(False)
    )
    net, image = EncoderFeatures(autoencoder), torch.rand(2, 3, 32, 32, requires_grad=True)
    maps = net(image)
    assert [tuple(m.shape[1:]) for m in maps] == [(8, 32, 32), (16, 16, 16), (32, 8, 8)]
    torch.testing.assert_close(maps[-1], autoencoder.encoder.levels(autoencoder.encoder.conv_in(image)))
    assert not any("middle" in name for name, _ in net.named_modules())
    (gradient,) = torch.autograd.grad(sum(m.sum() for m in maps), image)
    assert gradient.abs().sum() > 0
