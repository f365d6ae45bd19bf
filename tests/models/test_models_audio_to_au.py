import pytest
import torch

from talkface.models.audio_to_au import AudioToAu


@pytest.fixture(scope="module")
def net() -> AudioToAu:
    torch.manual_seed(0)
    return AudioToAu(dropout=0.5)


def test_the_papers_size_is_recorded(net):
    assert sum(p.numel() for p in net.parameters()) == 4_815_490
    assert len(net.nets) == 5


def test_a_window_ends_as_one_vector_a_frame(net):
    window = torch.randn(1, 1, 12, 28)
    widths = []
    for block in net.nets[0].eval().blocks:
        window = block(window)
        widths.append(tuple(window.shape[1:]))
    assert widths == [(8, 12, 13), (32, 12, 6), (64, 12, 1), (128, 5, 1), (256, 1, 1)]
    assert net.nets[0].recurrent.input_size == 256


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_any_number_of_frames(net, frames):
    feature, logit, intensity = net.eval()(torch.randn(2, frames, 12, 28))
    assert feature.shape == (2, frames, 320)
    assert logit.shape == intensity.shape == (2, frames, 5)


def test_every_net_learns_and_they_share_nothing(net):
    net.train().zero_grad()
    _, logit, intensity = net(torch.randn(2, 4, 12, 28))
    (logit[..., 3].sum() + intensity[..., 3].sum()).backward()
    touched = [
        any(p.grad is not None and p.grad.abs().sum() > 0 for p in one.parameters()) for one in net.nets
    ]
    assert touched == [False, False, False, True, False]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.nets[3].recurrent.parameters())


def test_dropout_is_off_in_evaluation_and_on_in_training(net):
    windows = torch.randn(1, 5, 12, 28)
    net.eval()
    assert torch.equal(net(windows)[1], net(windows)[1])
    net.train()
    assert not torch.equal(net(windows)[1], net(windows)[1])


def test_order_of_the_feature_is_the_order_of_the_nets(net):
    windows = torch.randn(1, 3, 12, 28)
    feature, logit, _ = net.eval()(windows)
    alone_feature, alone_logit, _ = net.nets[2](windows)
    torch.testing.assert_close(feature[..., 128:192], alone_feature)
    torch.testing.assert_close(logit[..., 2:3], alone_logit)


def test_settings_rebuild_the_net_and_bad_windows_are_refused(net):
    twin = AudioToAu(**net.settings)
    twin.load_state_dict(net.state_dict())
    windows = torch.randn(1, 2, 12, 28)
    assert torch.equal(twin.eval()(windows)[0], net.eval()(windows)[0])
    with pytest.raises(ValueError, match="12, 28"):
        net(torch.randn(1, 2, 13, 28))
    with pytest.raises(ValueError, match="too small"):
        AudioToAu(coefficients=4)
