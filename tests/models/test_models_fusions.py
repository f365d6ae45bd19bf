"""Fusions: any length, every weight trained, clips apart, and each as causal as it says."""

import pytest
import torch

from talkface.models.fusions import FUSIONS, build_fusion
from talkface.models.tcsan import apply_in_windows

PARTS = {"face": 8, "audio": 12, "aus": 4}
TIMELESS, CAUSAL = {"concatenation"}, {"gru"}


def made(kind, parts=PARTS, widths=(16, 32), dropout=0.2):
    torch.manual_seed(0)
    return build_fusion(kind, parts, widths, 4, dropout).eval()


def features(B=2, T=20, parts=PARTS):
    """Features as the trunk makes them: the face is one vector a clip."""
    torch.manual_seed(1)
    face = torch.randn(B, 1, parts["face"]).expand(-1, T, -1)
    return torch.cat([face, *(torch.randn(B, T, parts[name]) for name in parts if name != "face")], dim=-1)


def linear(inputs, outputs):
    return inputs * outputs + outputs


def tcn_weights(inputs, widths):
    """Two weight-norm convolutions of 3 taps (a magnitude a channel, weights, biases), 1 x 1 past them."""
    total = 0
    for width in widths:
        total += sum(width + 3 * before * width + width for before in (inputs, width))
        total += linear(inputs, width) if inputs != width else 0
        inputs = width
    return total


def attention_weights(inputs, context, width):
    norms = 2 * inputs + 2 * context
    return norms + linear(inputs, width) + linear(context, 2 * width) + linear(width, inputs)


def test_parameters_at_the_papers_sizes():
    """1344 = 512 + 512 + 320 channels to a token of 1024; B's four blocks (paper B; C's GRU)."""
    parts, widths = {"face": 512, "audio": 512, "aus": 320}, [512, 512, 512, 1024]
    with torch.device("meta"):
        found = {
            kind: sum(p.numel() for p in build_fusion(kind, parts, widths, 4, 0.2).parameters())
            for kind in FUSIONS
        }
    tcn = tcn_weights(1344, widths)
    assert found == {
        # beside the TCN, queries, keys and values of each block by a convolution of 3 taps
        "tcsan": tcn + sum(3 * width * width * 3 + 3 * width for width in widths),
        "gru": 3 * (1344 * 1024 + 1024 * 1024 + 2 * 1024),
        "tcn": tcn,
        "attention_tcn": attention_weights(1344, 1344, 512) + tcn,
        "coattention_tcn": attention_weights(832, 512, 512) + attention_weights(512, 832, 512) + tcn,
        "concatenation": linear(1344, 1024),
    }
    assert found["tcsan"] == 28_462_080 and found["gru"] == 7_280_640


@pytest.mark.parametrize("frames", [1, 7, 50, 123])
@pytest.mark.parametrize("kind", FUSIONS)
def test_any_length(kind, frames):
    out = made(kind)(features(2, frames))
    assert out.shape == (2, frames, 32) and torch.isfinite(out).all()


@pytest.mark.parametrize("kind", FUSIONS)
@pytest.mark.parametrize("parts", [PARTS, {"face": 8, "audio": 12}, {"face": 8, "aus": 4}], ids=str)
def test_every_weight_learns_and_is_saved(kind, parts):
    net = made(kind, parts).train()
    net(features(4, 20, parts)).square().mean().backward()
    for name, p in net.named_parameters():
        assert name in net.state_dict()
        assert p.grad is not None and torch.isfinite(p.grad).all(), name
        assert p.grad.abs().sum() > 1e-9, name


@pytest.mark.parametrize("kind", ["attention_tcn", "coattention_tcn"])
def test_queries_keys_and_values_over_frames_learn(kind):
    """In the papers' released code the projections were random and never trained."""
    net = made(kind)
    net(features(4)).square().mean().backward()
    attentions = [module for name, module in net.named_modules() if name.endswith(("attention", "asks"))]
    assert len(attentions) == {"attention_tcn": 1, "coattention_tcn": 2}[kind]
    for attention in attentions:
        key, value = attention.key_value.weight.grad.chunk(2)
        for gradient in (attention.query.weight.grad, key, value):
            assert (gradient.abs().sum(1) > 0).all()


@pytest.mark.parametrize("kind", FUSIONS)
def test_evaluation_has_no_dropout(kind):
    net, x = made(kind), features()
    assert torch.equal(net(x), net(x))
    drops = kind not in {"gru", "concatenation"}
    assert torch.equal(net.train()(x), net(x)) is not drops


@pytest.mark.parametrize("kind", FUSIONS)
def test_clips_of_a_batch_do_not_mix(kind):
    net, x = made(kind), features(3, 11)
    with torch.no_grad():
        together = net(x)
        other = torch.cat([torch.randn_like(x[:1]), x[1:2], torch.randn_like(x[2:])])
        torch.testing.assert_close(net(x[1:2])[0], together[1], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(net(other)[1], together[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", FUSIONS)
def test_as_causal_as_it_says(kind):
    net, x = made(kind), features(1, 15).requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, 7].sum(), x)
    seen = gradient[0].abs().sum(1) > 0
    assert seen[7]
    assert seen[:7].any() == (kind not in TIMELESS)
    assert seen[8:].any() == (kind not in TIMELESS | CAUSAL)


@pytest.mark.parametrize("kind", FUSIONS)
def test_every_input_channel_reaches_the_token(kind):
    x = features().requires_grad_()
    (gradient,) = torch.autograd.grad(made(kind)(x).square().sum(), x)
    assert (gradient.abs().sum((0, 1)) > 0).all()


@pytest.mark.parametrize("kind", FUSIONS)
def test_long_clips_run_in_windows(kind):
    net, x = made(kind), features(1, 61)[0]
    with torch.no_grad():
        windowed = apply_in_windows(net, x, window=20, overlap=5)
        assert windowed.shape == (61, 32)
        torch.testing.assert_close(windowed[:15], net(x[None, :20])[0, :15], rtol=1e-5, atol=1e-5)


def test_the_tcn_is_tcsan_without_its_attention():
    tcn, tcsan = made("tcn"), made("tcsan")
    assert {name for name, _ in tcsan.named_modules() if "attention" in name}
    assert not {name for name, _ in tcn.named_modules() if "attention" in name}
    for block in tcsan.blocks:
        torch.nn.init.zeros_(block.attention.query_key_value.weight)
        torch.nn.init.zeros_(block.attention.query_key_value.bias)
    tcn.load_state_dict(
        {name: value for name, value in tcsan.state_dict().items() if ".attention." not in name}
    )
    assert torch.equal(tcn(features()), tcsan(features()))
    assert (tcn.receptive_field, tcsan.receptive_field) == (1 + 2 * 2 * (1 + 2), 1 + 2 * 2 * (1 + 2) + 2 * 2)


def test_coattention_with_one_kind_of_speech_asks_once():
    """A face alone answers every frame alike: what would ask it could not learn."""
    both, audio = made("coattention_tcn"), made("coattention_tcn", {"face": 8, "audio": 12})
    assert (both.seen, both.heard) == (["face", "aus"], ["audio"]) and both.heard_asks is not None
    assert (audio.seen, audio.heard) == (["face"], ["audio"]) and audio.heard_asks is None


def test_what_cannot_be_built_is_refused_by_name():
    with pytest.raises(ValueError, match="'lstm' is not one of tcsan, gru"):
        made("lstm")
    for kind in ("tcsan", "attention_tcn", "coattention_tcn"):
        with pytest.raises(ValueError, match=r"18.* 4 heads"):
            made(kind, widths=(18, 18))
