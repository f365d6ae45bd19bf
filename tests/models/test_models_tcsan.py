import pytest
import torch

from talkface.models.tcsan import TCSAN, apply_in_windows, stream_windows


def made(inputs=24, widths=(16, 32), **settings) -> TCSAN:
    torch.manual_seed(0)
    return TCSAN(inputs, list(widths), **settings).eval()


def test_the_papers_sizes_are_recorded():
    with torch.device("meta"):
        paper_a, paper_b = TCSAN(1344, [512, 1024]), TCSAN(1344, [512, 512, 512, 1024])
        assert paper_a(torch.empty(2, 50, 1344)).shape == (2, 50, 1024)
    assert sum(p.numel() for p in paper_a.parameters()) == 20_590_592
    assert sum(p.numel() for p in paper_b.parameters()) == 28_462_080


@pytest.mark.parametrize("frames", [1, 2, 5, 50, 123])
def test_any_length(frames):
    assert made()(torch.randn(2, frames, 24)).shape == (2, frames, 32)


def test_every_channel_and_every_weight_learns():
    net = made(widths=(16, 16, 32)).train()
    x = torch.randn(4, 20, 24)
    net(x).square().mean().backward()
    for name, p in net.named_parameters():
        assert p.grad is not None and torch.isfinite(p.grad).all(), name
        if name.endswith("query_key_value.bias"):
            continue  # a constant added to all queries moves no softmax
        rows = p.grad.flatten(1).abs().sum(1) if p.grad.ndim > 1 else p.grad.abs()
        assert (rows > 0).float().mean() > 0.9, name  # the rest: channels that a ReLU holds at zero
    for block in net.blocks:  # queries, keys and values, each of them
        for part in block.attention.query_key_value.weight.grad.chunk(3):
            assert part.abs().sum() > 0


def test_every_output_channel_depends_on_the_input():
    x = torch.randn(1, 20, 24)
    moved = (made()(x) - made()(x + 0.5 * torch.randn_like(x))).abs().amax((0, 1))
    assert (moved > 0).float().mean() > 0.9


def test_evaluation_is_deterministic_and_batches_do_not_mix():
    net, x = made(), torch.randn(3, 11, 24)
    assert torch.equal(net(x), net(x))
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]), rtol=1e-5, atol=1e-5)
    net.train()
    assert not torch.equal(net(x), net(x))


def test_it_is_not_causal_and_reaches_as_far_as_it_says():
    net = made(widths=(16, 16))
    for block in net.blocks:  # the scores see every frame: hold them still
        rows = block.attention.query_key_value
        channels = rows.out_channels // 3
        with torch.no_grad():
            rows.weight[:channels].zero_()
            rows.bias[:channels].zero_()
    x = torch.randn(1, 61, 24, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(x)[0, 30].sum(), x)
    seen = gradient[0].abs().sum(1).nonzero()[:, 0]
    reach = (net.receptive_field - 1) // 2
    assert (seen.min(), seen.max()) == (30 - reach, 30 + reach)


def test_scores_do_not_sharpen_with_length():
    """A periodic sequence of any length gives, away from its ends, the same values."""
    net = made()
    period = torch.randn(1, 10, 24)
    short, long = net(period.repeat(1, 8, 1)), net(period.repeat(1, 64, 1))
    torch.testing.assert_close(short[:, 35:45], long[:, 315:325], rtol=0.1, atol=0.1)


def test_heads_and_kernels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="heads"):
        TCSAN(8, [10], heads=4)
    with pytest.raises(ValueError, match="kernel"):
        TCSAN(8, [8], kernel=4)
    with pytest.raises(ValueError, match="half a window"):
        apply_in_windows(made(), torch.zeros(10, 24), window=10, overlap=6)


def by_definition(net, x_TC, window, overlap):
    """Windows at 0, step, 2 step, ... written out, weights of the cross-fade summed and divided."""
    step, total = window - overlap, torch.zeros(len(x_TC), 32)
    weights = torch.zeros(len(x_TC), 1)
    start = 0
    while True:
        part = net(x_TC[None, start : start + window])[0]
        weight = torch.ones(len(part), 1)
        if start and overlap:
            weight[:overlap, 0] = torch.arange(1, overlap + 1) / (overlap + 1)
        if start + window < len(x_TC) and overlap:
            weight[step:, 0] = 1 - torch.arange(1, overlap + 1) / (overlap + 1)
        total[start : start + len(part)] += weight * part
        weights[start : start + len(part)] += weight
        if start + window >= len(x_TC):
            break
        start += step
    torch.testing.assert_close(weights, torch.ones_like(weights))
    return total


@pytest.mark.parametrize("frames", [1, 19, 20, 21, 34, 35, 36, 97])
@pytest.mark.parametrize("overlap", [0, 6, 10])
def test_streaming_equals_offline_equals_the_definition(frames, overlap):
    net, x = made(), torch.randn(frames, 24)
    with torch.no_grad():
        offline = apply_in_windows(net, x, window=20, overlap=overlap)
        torch.testing.assert_close(offline, by_definition(net, x, 20, overlap), rtol=0, atol=1e-5)
        for size in (1, 7, 20, 50):
            streamed = torch.cat(list(stream_windows(net, x.split(size), 20, overlap)))
            torch.testing.assert_close(streamed, offline, rtol=0, atol=1e-5)


def test_a_sequence_within_a_window_is_one_plain_call():
    net, x = made(), torch.randn(20, 24)
    assert torch.equal(apply_in_windows(net, x, window=20, overlap=5), net(x[None])[0])


def test_streaming_keeps_no_more_than_it_needs():
    calls, given, taken, most = [], 0, 0, 0

    def net(x_1TC):
        calls.append(x_1TC.shape[1])
        return x_1TC

    def chunks():
        nonlocal given
        for _ in range(500):
            given += 4
            yield torch.zeros(4, 2)

    for piece in stream_windows(net, chunks(), 20, 5):
        most = max(most, given - taken)
        taken += len(piece)
    assert taken == 2000 and max(calls) == 20
    assert most <= 20 + 5 + 4


def test_an_identity_net_comes_back_unchanged():
    x = torch.randn(83, 3)
    torch.testing.assert_close(apply_in_windows(lambda x: x, x, 20, 7), x)
