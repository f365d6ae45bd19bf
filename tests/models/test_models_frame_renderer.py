"""The renderer of papers B and C at its published sizes, its relatives, and what a frame depends on."""

import pytest
import torch

from talkface.models.encoders import AudioEncoder, FaceEncoder, FaceMaps
from talkface.models.frame_renderer import FrameRenderer
from talkface.models.fusions import FUSIONS
from talkface.models.renderer import Renderer

PAPER_B = {"fusion_widths": [512, 512, 512, 1024]}
TINY = {
    "audio_width": 16,
    "face_width": 16,
    "encoder_width": 4,
    "fusion_widths": [16, 24],
    "decoder_width": 16,
    "crop_size": 32,
}
CONV_5, CONV_3 = 25, 9


def made(**settings) -> FrameRenderer:
    torch.manual_seed(0)
    return FrameRenderer(**{**TINY, **settings}).eval()


def inputs(B=2, T=3, size=32, hops=28, aus=320):
    torch.manual_seed(1)
    return torch.randn(B, T, 12, hops), torch.rand(B, 3, size, size) * 2 - 1, torch.randn(B, T, aus)


def frames_of(net, mfcc, face, au, identity=None):
    token = net.fuse(mfcc, face, au)
    T = token.shape[1]
    return net.decode(token.flatten(0, 1), [m.repeat_interleave(T, 0) for m in net.skips(face, identity)])


def count(module):
    return sum(p.numel() for p in module.parameters())


def layers(*layers, taps):
    """Weights and biases of convolutions given as (inputs, outputs)."""
    return sum(before * after * taps + after for before, after in layers)


def norms(*channels):
    return 2 * sum(channels)


def test_paper_b_takes_112_pixels_and_12_by_28_cepstra_and_gives_112_pixels():
    with torch.device("meta"):
        net = FrameRenderer(**PAPER_B)
        mfcc, face, au = torch.empty(2, 50, 12, 28), torch.empty(2, 3, 112, 112), torch.empty(2, 50, 320)
        fused, token, skips = net.fusion_input(mfcc, face, au), net.fuse(mfcc, face, au), net.skips(face)
        frame = net.decode(token[:, 0], skips)
    assert fused.shape == (2, 50, 512 + 512 + 320) and token.shape == (2, 50, 1024)
    assert [tuple(m.shape) for m in skips] == [
        (2, 16, 56, 56), (2, 32, 28, 28), (2, 64, 14, 14), (2, 128, 7, 7),
    ]  # fmt: skip
    assert frame.shape == (2, 3, 112, 112)


def test_paper_bs_parameters_layer_by_layer():
    with torch.device("meta"):
        net = FrameRenderer(**PAPER_B)
    audio = [(1, 16), (16, 32), (32, 64), (64, 128), (128, 256)]
    face = [(3, 16), (16, 32), (32, 64), (64, 128)]
    # Each transposed convolution sees the map so far and the face's map of its size.
    ups = [(256 + 128, 128), (128 + 64, 64), (64 + 32, 32), (32 + 16, 16)]
    assert {name: count(part) for name, part in net.named_children()} == {
        "audio_encoder": layers(*audio, taps=CONV_3)
        + norms(16, 32, 64, 128, 256)
        + layers((256 * 3 * 7, 512), (512, 512), taps=1),
        "face_encoder": layers(*face, taps=CONV_5) + layers((128 * 7 * 7, 512), taps=1),
        "fusion": 28_462_080,
        "decoder": layers((1024, 7 * 7 * 256), taps=1)
        + layers(*ups, taps=CONV_5)
        + norms(128, 64, 32, 16)
        + layers((16, 16), (16, 3), taps=CONV_3),
    }


def test_speech2vid_hears_35_hops_without_time():
    with torch.device("meta"):
        net = FrameRenderer(window_hops=35, speech=["audio"], fusion="concatenation", fusion_widths=[1024])
        token = net.fuse(torch.empty(2, 5, 12, 35), torch.empty(2, 3, 112, 112), None)
        frame = net.decode(token[:, 0], net.skips(torch.empty(2, 3, 112, 112)))
    assert token.shape == (2, 5, 1024) and frame.shape == (2, 3, 112, 112)
    assert net.fusion.dense.in_features == 512 + 512
    assert net.audio_encoder.dense[0].in_features == 256 * 3 * 9


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_weight_learns_from_the_frames(fusion):
    net = made(fusion=fusion).train()
    (frames_of(net, *inputs(T=5)) - 0.3).abs().mean().backward()
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_all_1024_channels_of_the_token_reach_the_frame():
    """Of the 1024 channels in the papers' released code 8 reach the renderer."""
    net = made(fusion_widths=[16, 1024])
    token = torch.randn(1, 1024, requires_grad=True)
    frame = net.decode(token, net.skips(inputs(1)[1]))
    (gradient,) = torch.autograd.grad(frame.square().sum(), token)
    assert (gradient.abs() > 0).all()


def test_all_1024_channels_of_the_fusion_reach_the_denoiser():
    torch.manual_seed(0)
    trunk = {**TINY, "fusion_widths": [16, 1024]}
    del trunk["decoder_width"]
    net = Renderer(**trunk, width=16, multipliers=[1, 2], blocks=1, head_width=8).eval()
    torch.nn.init.normal_(net.denoiser.conv_out.weight)
    for block in net.denoiser.modules():
        if hasattr(block, "modulation"):
            torch.nn.init.normal_(block.conv_out.weight)
    token = torch.randn(1, 1024, requires_grad=True)
    x = torch.randn(3, 1, 3, 8, 8)
    (gradient,) = torch.autograd.grad(
        net.denoise(x[0], torch.tensor([500]), token, x[1], x[2]).square().sum(), token
    )
    assert (gradient.abs() > 0).all()


def test_a_frame_depends_on_its_own_clip_alone_and_evaluation_repeats():
    net, (mfcc, face, au) = made(), inputs(B=3, T=4)
    with torch.no_grad():
        together = frames_of(net, mfcc, face, au)
        assert torch.equal(together, frames_of(net, mfcc, face, au))
        alone = frames_of(net, mfcc[1:2], face[1:2], au[1:2])
        torch.testing.assert_close(alone, together[4:8], rtol=1e-4, atol=1e-5)
        # The decoder normalises each frame by itself, in training too.
        token, skips = torch.randn(4, 24), [m.repeat_interleave(2, 0) for m in net.skips(face[:2])]
        whole = net.train().decode(token, skips)
        torch.testing.assert_close(
            net.decode(token[:1], [m[:1] for m in skips]), whole[:1], rtol=1e-4, atol=1e-5
        )
    assert together.abs().max() <= 1


def test_the_maps_at_hand_save_the_second_run_of_the_encoder():
    net, (mfcc, face, au) = made(), inputs()
    with torch.no_grad():
        torch.testing.assert_close(net.fuse(mfcc, face, au, levels=net.skips(face)), net.fuse(mfcc, face, au))
        other = net.skips(-face)
        assert not torch.allclose(net.fuse(mfcc, face, au, levels=other), net.fuse(mfcc, face, au))


def test_the_regression_decoder_takes_its_skips_from_the_identity_face():
    net, (mfcc, face, au) = made(disentangled=True), inputs()
    identity = torch.rand_like(face)
    frame = frames_of(net, mfcc, face, au, identity)
    assert [m.shape for m in net.skips(face, identity)] == [m.shape for m in made().skips(face)]
    frame.mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())
    with torch.no_grad():
        assert torch.equal(net.skips(face, identity)[0], net.skips(-face, identity)[0])
        assert not torch.equal(net.skips(face, identity)[0], net.skips(face, -identity)[0])
    with pytest.raises(AssertionError, match="Identity-face"):
        net.skips(face)


@pytest.mark.parametrize("cls", [FrameRenderer, Renderer])
@pytest.mark.parametrize("speech", [["audio"], ["aus"]])
def test_what_does_not_drive_the_mouth_is_not_looked_at(cls, speech):
    small = {name: value for name, value in TINY.items() if name != "decoder_width"}
    torch.manual_seed(0)
    net, (mfcc, face, au) = (
        cls(**small, speech=speech, **({"width": 16} if cls is Renderer else {})),
        inputs(),
    )
    net.eval()
    given = (mfcc, face, None) if speech == ["audio"] else (None, face, au)
    with torch.no_grad():
        assert torch.equal(net.fuse(*given), net.fuse(mfcc, face, au))
    assert (net.audio_encoder is None) == (speech == ["aus"])
    with pytest.raises(AssertionError, match="driven by"):
        net.fuse(None, face, None)


def test_oracle_aus_are_lifted_to_the_features_width():
    net, (mfcc, face, au) = made(oracle_aus=True), inputs(aus=5)
    assert net.fusion_input(mfcc, face, au).shape == (2, 3, 16 + 16 + 320)
    assert count(net.au_lift) == 5 * 320 + 320
    assert made().au_lift is None and made(oracle_aus=True, speech=["audio"]).au_lift is None
    frames_of(net, mfcc, face, au).mean().backward()
    assert net.au_lift.weight.grad.abs().sum() > 0


def test_settings_rebuild_each_kind():
    for settings in ({}, {"fusion": "gru", "speech": ["audio"]}, {"disentangled": True, "oracle_aus": True}):
        net = made(**settings)
        twin = FrameRenderer(**net.settings).eval()
        twin.load_state_dict(net.state_dict())
        mfcc, face, au = inputs(aus=5 if net.settings["oracle_aus"] else 320)
        with torch.no_grad():
            assert torch.equal(frames_of(twin, mfcc, face, au, face), frames_of(net, mfcc, face, au, face))


def test_sizes_and_speech_that_do_not_fit_are_refused_by_name():
    with pytest.raises(ValueError, match="crop_size 100"):
        made(crop_size=100)
    with pytest.raises(ValueError, match="decoder_width 24"):
        made(decoder_width=24)
    for speech in ([], ["audio", "lips"]):
        with pytest.raises(ValueError, match="speech"):
            made(speech=speech)


def test_bfloat16_follows_float32():
    net, given = made(), inputs()
    with torch.no_grad():
        exact = frames_of(net, *given)
        with torch.autocast("cpu", torch.bfloat16):
            rough = frames_of(net, *given).float()
    assert (rough - exact).abs().mean() < 0.05 * exact.abs().mean()


def test_the_trunk_starts_as_it_did_before_it_had_variants():
    """The same draws in the same order: a seed gives the weights that it gave before."""
    small = {name: value for name, value in TINY.items() if name != "decoder_width"}
    torch.manual_seed(3)
    net = Renderer(**small, width=16, multipliers=[1, 2], blocks=1)
    torch.manual_seed(3)
    audio, face = AudioEncoder(4, 16), FaceEncoder(4, 16, 32)
    for part, name in ((audio, "audio_encoder"), (face, "face_encoder")):
        for key, value in part.state_dict().items():
            assert torch.equal(net.state_dict()[f"{name}.{key}"], value)
    assert list(dict(net.named_children())) == [
        "audio_encoder", "face_encoder", "fusion", "schedule", "denoiser",
    ]  # fmt: skip


def test_the_faces_maps_are_its_encoders():
    encoder, face = FaceEncoder(4, 8), torch.randn(2, 3, 112, 112)
    maps = encoder.levels(face)
    assert [m.shape[1:] for m in maps] == [(4, 56, 56), (8, 28, 28), (16, 14, 14), (32, 7, 7)]
    assert torch.equal(maps[-1], encoder.convolutions(face))
    assert torch.equal(encoder.from_levels(maps), encoder(face))
    assert count(FaceMaps(4)) == count(encoder.convolutions)
