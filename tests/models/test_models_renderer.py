import pytest
import torch

from talkface.models.denoiser import Denoiser, timestep_embedding
from talkface.models.encoders import AudioEncoder, FaceEncoder
from talkface.models.noise_schedule import NoiseSchedule, flow_times
from talkface.models.renderer import Renderer

DEMO = {
    "audio_width": 32,
    "face_width": 32,
    "encoder_width": 4,
    "fusion_widths": [32, 64],
    "width": 16,
    "multipliers": [1, 2, 3, 4],
    "blocks": 1,
    "head_width": 16,
}


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    torch.manual_seed(0)
    net = Renderer(**DEMO)
    with torch.no_grad():  # as after some training: nothing is zero
        for p in net.parameters():
            p.add_(0.02 * torch.randn_like(p))
    return net


def inputs(B=2, T=3):
    torch.manual_seed(1)
    return torch.randn(B, T, 12, 28), torch.rand(B, 3, 112, 112) * 2 - 1, torch.randn(B, T, 320)


def test_the_papers_size_is_recorded():
    with torch.device("meta"):
        net = Renderer()
        token = net.fuse(torch.empty(2, 50, 12, 28), torch.empty(2, 3, 112, 112), torch.empty(2, 50, 320))
        latent = torch.empty(4, 3, 28, 28)
        noise = net.denoise(latent, torch.empty(4), token[0, :4], latent, latent)
    assert token.shape == (2, 50, 1024)
    assert noise.shape == (4, 3, 28, 28)
    assert net.fusion.settings["inputs"] == 1344
    assert {name: count(part) for name, part in net.named_children() if count(part)} == {
        "audio_encoder": 3_408_992,
        "face_encoder": 3_482_016,
        "fusion": 20_590_592,
        "denoiser": 505_559_043,
    }


def test_encoders_shrink_as_written():
    audio, face = AudioEncoder(4, 8).eval(), FaceEncoder(4, 8).eval()
    assert audio.convolutions(torch.zeros(1, 1, 12, 28)).shape == (1, 64, 3, 7)
    assert face.convolutions(torch.zeros(1, 3, 112, 112)).shape == (1, 32, 7, 7)
    assert audio(torch.zeros(5, 1, 12, 28)).shape == face(torch.zeros(5, 3, 112, 112)).shape == (5, 8)
    assert sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in audio.modules()) == 5


def test_every_weight_of_the_renderer_learns_from_the_noise_alone(renderer):
    renderer.train().zero_grad()
    token = renderer.fuse(*inputs())
    latents = torch.randn(3, 6, 3, 28, 28)
    noise = renderer.denoise(latents[0], torch.arange(6) * 100, token.flatten(0, 1), latents[1], latents[2])
    noise.square().mean().backward()
    silent = [name for name, p in renderer.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []
    attention = [
        m
        for name, m in renderer.denoiser.named_modules()
        if name.endswith((".attend_self", ".attend_context"))
    ]
    assert len(attention) >= 8
    for layer in attention:  # queries, keys and values of every attention
        key, value = layer.key_value.weight.grad.chunk(2)
        assert key.abs().sum() > 0 and value.abs().sum() > 0 and layer.query.weight.grad.abs().sum() > 0


def test_every_token_channel_reaches_the_noise(renderer):
    renderer.eval()
    token = torch.randn(2, 64, requires_grad=True)
    x = torch.randn(2, 9, 28, 28)
    (gradient,) = torch.autograd.grad(
        renderer.denoiser(x, torch.tensor([5, 500]), token).square().sum(), token
    )
    assert (gradient.abs() > 0).all()


@pytest.mark.parametrize("in_embedding", [True, False])
def test_the_token_moves_the_noise_with_and_without_the_embedding(in_embedding):
    torch.manual_seed(0)
    net = Denoiser(
        width=16,
        multipliers=(1, 2),
        blocks=1,
        attention_levels=[1],
        context_width=8,
        token_in_embedding=in_embedding,
    ).eval()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))
        x, t = torch.randn(1, 9, 8, 8), torch.tensor([10])
        moved = net(x, t, torch.randn(1, 8)) - net(x, t, torch.randn(1, 8))
    assert moved.abs().max() > 1e-4
    # By cross-attention alone, too, positions differ in how much of the one token they take.
    assert moved.std() > 1e-5


def test_frames_of_a_batch_do_not_mix(renderer):
    renderer.eval()
    x, t, token = torch.randn(3, 9, 28, 28), torch.tensor([1, 400, 999]), torch.randn(3, 64)
    with torch.no_grad():
        together = renderer.denoiser(x, t, token)
        torch.testing.assert_close(
            together[1:2], renderer.denoiser(x[1:2], t[1:2], token[1:2]), rtol=1e-4, atol=1e-4
        )
        assert torch.equal(together, renderer.denoiser(x, t, token))


@pytest.mark.parametrize("size", [(28, 28), (14, 14), (27, 30), (5, 9)])
def test_the_way_up_matches_odd_sizes(renderer, size):
    with torch.no_grad():
        out = renderer.eval().denoiser(torch.randn(1, 9, *size), torch.tensor([3]), torch.randn(1, 2, 64))
    assert out.shape == (1, 3, *size)


def test_a_fresh_denoiser_predicts_nothing():
    net = Denoiser(width=16, multipliers=(1, 2), blocks=1, context_width=8)
    assert not net(torch.randn(2, 9, 8, 8), torch.tensor([1, 2]), torch.randn(2, 8)).any()


def test_bfloat16_follows_float32(renderer):
    renderer.eval()
    x, t, token = torch.randn(2, 9, 28, 28), torch.tensor([10, 900]), torch.randn(2, 64)
    with torch.no_grad():
        exact = renderer.denoiser(x, t, token)
        with torch.autocast("cpu", torch.bfloat16):
            rough = renderer.denoiser(x, t, token).float()
    assert (rough - exact).abs().mean() < 0.05 * exact.abs().mean()


def test_settings_rebuild_the_renderer(renderer):
    twin = Renderer(**renderer.settings).eval()
    twin.load_state_dict(renderer.state_dict())
    with torch.no_grad():
        assert torch.equal(twin.fuse(*inputs()), renderer.eval().fuse(*inputs()))


def test_evaluation_of_the_sound_depends_on_its_own_batch_alone(renderer):
    renderer.eval()
    mfcc, face, au = inputs(B=2, T=4)
    with torch.no_grad():
        together = renderer.fuse(mfcc, face, au)
        torch.testing.assert_close(
            together[:1], renderer.fuse(mfcc[:1], face[:1], au[:1]), rtol=1e-4, atol=1e-4
        )


def test_timesteps_are_told_apart():
    embedded = timestep_embedding(torch.arange(1000), 32)
    assert embedded.shape == (1000, 32)
    assert torch.cdist(embedded, embedded).fill_diagonal_(1).min() > 1e-3


def test_the_straight_path_of_flow_matching():
    schedule, t_K = NoiseSchedule(path="flow"), flow_times(1000)
    alpha_bar_K = schedule.alpha_bar_K.double()
    assert torch.allclose(((1 - alpha_bar_K) / alpha_bar_K).sqrt(), t_K / (1 - t_K), rtol=0.01)
    assert torch.equal(NoiseSchedule(**schedule.settings).alpha_bar_K, schedule.alpha_bar_K)
    timestep_N, shape = torch.tensor([50, 300, 700, 950]), (4, 3, 2, 2)
    clean, noise, output = torch.randn(
        3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    time = t_K[timestep_N][:, None, None, None]
    noisy = schedule.add_noise(clean, noise, timestep_N)
    told = schedule.noise_of(output, noisy, timestep_N)
    weighted = schedule.weights(timestep_N)[:, None, None, None] * (told - noise).square()
    in_its_scale = noisy * ((1 - time) ** 2 + time**2).sqrt()
    velocity = (told - in_its_scale) / (1 - time)  # of the noise told: x = (1 - t) x_0 + t noise
    assert torch.allclose(weighted, (velocity - (noise - clean)).square(), rtol=0.02, atol=1e-3)
    with pytest.raises(ValueError, match="path 'straight' is none of diffusion, flow"):
        NoiseSchedule(path="straight")


def test_noise_schedule():
    schedule = NoiseSchedule(1000, 0.0015, 0.0195)
    alpha_bar = schedule.alpha_bar_K
    assert alpha_bar.shape == (1000,) and (alpha_bar.diff() < 0).all()
    assert alpha_bar[0] == pytest.approx(1 - 0.0015)
    # linear in sqrt(beta): the middle is the square of the mean root, not the mean
    beta = 1 - alpha_bar[1:].double() / alpha_bar[:-1].double()
    assert beta[-1] == pytest.approx(0.0195, rel=1e-3)
    assert beta[499] == pytest.approx(((0.0015**0.5 + 0.0195**0.5) / 2) ** 2, rel=5e-3)
    assert alpha_bar[-1] < 1e-3  # the end is noise
    torch.manual_seed(0)
    clean, noise, t = torch.randn(4, 3, 7, 7), torch.randn(4, 3, 7, 7), torch.tensor([0, 10, 500, 999])
    noisy = schedule.add_noise(clean, noise, t)
    torch.testing.assert_close(schedule.clean(noisy, noise, t), clean, rtol=1e-3, atol=1e-3)
    assert noisy[3].sub(noise[3]).abs().mean() < 0.1 and noisy[0].sub(clean[0]).abs().mean() < 0.1
    assert not list(schedule.state_dict())
    assert torch.equal(NoiseSchedule(**schedule.settings).alpha_bar_K, alpha_bar)
    with pytest.raises(ValueError, match="noise schedule"):
        NoiseSchedule(1000, 0.02, 0.01)


def test_preconditioning_is_exact_where_its_network_is():
    """Where the network gives v = sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) x_0, the noise comes out."""
    torch.manual_seed(0)
    schedule = NoiseSchedule()
    clean, noise, t = torch.randn(3, 3, 4, 4), torch.randn(3, 3, 4, 4), torch.tensor([0, 500, 999])
    alpha_bar = schedule.alpha_bar_K[t][:, None, None, None]
    v = alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * clean
    noisy = schedule.add_noise(clean, noise, t)
    torch.testing.assert_close(schedule.noise_of(v, noisy, t), noise, rtol=1e-4, atol=1e-4)
    # An error of v weighs the same at every timestep once the noise's error is weighted.
    error = (schedule.noise_of(v + 0.1, noisy, t) - noise).square().mean((1, 2, 3)) * schedule.weights(t)
    torch.testing.assert_close(error, torch.full((3,), 0.01), rtol=1e-2, atol=1e-5)


def test_a_preconditioned_renderer_differs_in_its_noise_alone(renderer):
    twin = Renderer(**{**renderer.settings, "preconditioned": True}).eval()
    twin.load_state_dict(renderer.state_dict())
    x, t, token = torch.randn(3, 2, 3, 28, 28), torch.tensor([10, 900]), torch.randn(2, 64)
    with torch.no_grad():
        plain = renderer.eval().denoise(x[0], t, token, x[1], x[2])
        torch.testing.assert_close(
            twin.denoise(x[0], t, token, x[1], x[2]), renderer.schedule.noise_of(plain, x[0], t)
        )
