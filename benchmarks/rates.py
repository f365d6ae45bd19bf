"""How fast does every stage train and generate here, and how long is a full-size corpus at that rate?

    python benchmarks/rates.py [--configfile config.yaml configs/grid.yaml configs/paper.yaml]
                               [--frames 450000] [--seconds 10] [--tflops 100]

For each stage the network of the configuration takes forward and backward steps on random input for some
seconds, and paper A's and B's renderers generate. Printed are samples (frames) a second, floating-point
operations a sample by torch's counter, the schedule, and its hours at this machine's rate. With --tflops also
the hours on a device that really reaches so many TFLOP/s on these networks: an estimate, not a measurement.
With --seconds 0 nothing is computed, only counted, which takes no memory and no time;
`--seconds 0 --yaml > benchmarks/counted_operations.yaml` keeps the counts for benchmarks/capacity.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from talkface.config import Config, Renderer, merge, validate
from talkface.models.au_attention import AuCritic, AuGenerator
from talkface.models.au_classifier import AuClassifier
from talkface.models.audio_to_au import AudioToAu
from talkface.models.autoencoder import VQAutoencoder
from talkface.training.device import autocast, pick_precision, prepare
from talkface.training.tasks.frame_renderer import build_frame_renderer
from talkface.training.tasks.renderer import build_renderer

_BATCH_FRAMES = 8


@dataclass
class Rate:
    """One stage's measured speed and what its schedule needs."""

    stage: str
    samples_per_s: float
    gflop_per_sample: float
    schedule: int
    parameters: int = 0

    def row(self, tflops: float | None) -> str:
        """A line of the table."""
        rate = f"{self.samples_per_s:.1f}" if self.samples_per_s else "not timed"
        hours = f"{self.schedule / self.samples_per_s / 3600:.1f}" if self.samples_per_s else "-"
        line = f"{self.stage:<28}{rate:>12}{self.gflop_per_sample:>12.2f}{self.schedule:>14,}{hours:>12}"
        if tflops:
            line += f"{self.schedule * self.gflop_per_sample / (tflops * 1000) / 3600:>16.2f}"
        return line


def measure(run: Callable[[], object], samples: int, seconds: float) -> tuple[float, float]:
    """Samples a second (0 without time to measure), and GFLOP a sample; the first call only counts."""
    with FlopCounterMode(display=False) as counter:
        run()
    synchronise()
    flops = counter.get_total_flops()
    if not seconds:
        return 0.0, flops / samples / 1e9
    began, steps = clock(), 0
    while steps < 1 or clock() - began < seconds:
        run()
        steps += 1
        synchronise()
    return steps * samples / (clock() - began), flops / samples / 1e9


def clock() -> float:
    """Seconds: of a GPU by the clock; of processors by their work, so that a busy machine tells the same."""
    if torch.cuda.is_available():
        return time.monotonic()
    return time.process_time() / torch.get_num_threads()


def synchronise() -> None:
    """Wait for a GPU that still computes."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def precision_of(config: Config, device: torch.device) -> AbstractContextManager:
    """Mixed precision as in a training."""
    return autocast(device, pick_precision(config.compute, device))


def step_of(forward: Callable[[], torch.Tensor], config: Config, device: torch.device) -> Callable[[], None]:
    """Forward in the configuration's precision, and backward."""

    def step() -> None:
        with precision_of(config, device):
            loss = forward().float().square().mean()
        loss.backward()

    return step


@dataclass
class Work:
    """A forward pass of some networks."""

    forward: Callable[[], torch.Tensor]
    samples: int  # in it
    schedule: int  # samples of the whole
    networks: tuple[torch.nn.Module, ...] = ()

    @property
    def parameters(self) -> int:
        """Weights that are trained."""
        return sum(weight.numel() for network in self.networks for weight in network.parameters())


def stages(config: Config, device: torch.device, frames: int) -> dict[str, Work]:
    """What each training stage computes for a batch of random input, and at last what encoding does.

    ``frames`` of a window are rendered.
    """
    size = config.video.crop_size
    image = torch.rand(frames, 3, size, size, device=device) * 2 - 1
    window = config.renderer.window_frames
    mfcc = torch.randn(1, window, config.mfcc.coefficients, config.mfcc.window_hops, device=device)
    aus, told = torch.rand(frames, 5, device=device), torch.randn(1, window, 320, device=device)
    latent = torch.randn(frames, config.autoencoder.latent_channels, size // 4, size // 4, device=device)
    timestep = torch.randint(0, config.renderer.timesteps, (frames,), device=device)

    auto, attention = config.autoencoder, config.au_attention
    autoencoder = VQAutoencoder(
        width=auto.width,
        multipliers=auto.multipliers,
        blocks=auto.blocks,
        codes=auto.codes,
        latent_channels=auto.latent_channels,
    )
    generator = AuGenerator(attention.width, attention.residual_blocks)
    critic = AuCritic(attention.critic_width, attention.critic_layers, size)
    autoencoder.eval()  # its codebook starts from data otherwise
    audio_to_au = AudioToAu(0.5, config.mfcc.coefficients, config.mfcc.window_hops)
    classifier = AuClassifier(config.au_classifier.width, size)
    latents = build_renderer(config.renderer, config.mfcc, size, auto.latent_channels)
    decoder = build_frame_renderer(config.frame_renderer, config.mfcc, size)
    if device.type != "cpu":
        for network in (autoencoder, generator, critic, audio_to_au, classifier, latents, decoder):
            network.to(device)
    patch = auto.patch_size or size

    def denoise() -> torch.Tensor:
        token = latents.fuse(mfcc, image[:1], told)[0, :frames]
        return latents.denoise(latent, timestep, token, latent, latent)

    def decode() -> torch.Tensor:
        levels = decoder.skips(image[:1])
        token = decoder.fuse(mfcc, image[:1], told, levels=levels)[0, :frames]
        return decoder.decode(token, [level.expand(frames, -1, -1, -1) for level in levels])

    def change() -> torch.Tensor:
        colour, mask = generator(image, aus)
        score, _ = critic(mask * image + (1 - mask) * colour)
        return score

    mfcc_windows = config.audio_to_au.training.samples
    return {
        "autoencoder": Work(
            lambda: autoencoder(image[..., :patch, :patch])[0], frames, auto.training.samples, (autoencoder,)
        ),
        "audio_to_au": Work(lambda: audio_to_au(mfcc)[1], window, mfcc_windows, (audio_to_au,)),
        "au_attention": Work(change, frames, attention.training.samples, (generator, critic)),
        "au_classifier": Work(
            lambda: classifier(image), frames, config.au_classifier.training.samples, (classifier,)
        ),
        "renderer (paper A)": Work(denoise, frames, config.renderer.training.samples, (latents,)),
        "frame_renderer (paper B)": Work(decode, frames, config.frame_renderer.training.samples, (decoder,)),
        _ENCODE: Work(lambda: autoencoder.to_latent(image), frames, frames),
        _FROM_LATENT: Work(lambda: autoencoder.from_latent(latent), frames, frames),
    }


_ENCODE, _FROM_LATENT = "encode a frame", "decode a latent"


def generating(trained: dict[str, Work], config: Config, frames: int) -> dict[str, Work]:
    """What generating the test clips computes: the denoiser runs once a sampling step."""
    denoise, decode = trained["renderer (paper A)"], trained["frame_renderer (paper B)"]
    steps = config.sampler.steps
    return {
        f"one of {steps} sampling steps": Work(denoise.forward, denoise.samples, steps * frames),
        "generate (paper B)": Work(decode.forward, decode.samples, frames),
        _ENCODE: Work(trained[_ENCODE].forward, trained[_ENCODE].samples, frames),
        _FROM_LATENT: Work(trained[_FROM_LATENT].forward, trained[_FROM_LATENT].samples, frames),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    paper = ["config.yaml", "configs/grid.yaml", "configs/paper.yaml"]
    parser.add_argument("--configfile", nargs="+", type=Path, default=[Path(name) for name in paper])
    parser.add_argument(
        "--frames", type=int, default=450_000, help="test frames (GRID: 6 speakers x 1000 x 75)"
    )
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--tflops", type=float)
    parser.add_argument("--yaml", action="store_true", help="the counts alone, for benchmarks/capacity.py")
    chosen = parser.parse_args()
    raw: dict = {}
    for path in chosen.configfile:
        raw = merge(raw, yaml.safe_load(path.read_text(encoding="utf-8")))
    config = validate(raw, chosen.configfile)
    assert isinstance(config.renderer, Renderer)
    device = prepare(config.compute)
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{config.compute.threads} CPU threads"
    if chosen.seconds:
        print(f"{name}, {pick_precision(config.compute, device)}, torch {torch.__version__}")
    if chosen.yaml:
        with FakeTensorMode(allow_non_fake_inputs=True):
            print(yaml.safe_dump(counts(config, device), sort_keys=False), end="")
        return
    columns = f"{'stage':<28}{'samples/s':>12}{'GFLOP':>12}{'samples':>14}{'hours here':>12}"
    print(columns + (f"{f'at {chosen.tflops:g} TFLOP/s':>16}" if chosen.tflops else ""))
    with nullcontext() if chosen.seconds else FakeTensorMode(allow_non_fake_inputs=True):
        report(config, device, chosen)


def counts(config: Config, device: torch.device) -> dict[str, dict[str, float]]:
    """Operations and weights under the names that benchmarks/capacity.py uses."""
    found = {rate.stage: rate for rate in rates(config, device, 0.0, 1)}

    def entry(name: str, times: float = 1.0) -> dict[str, float]:
        rate = found[name]
        whole = {"gflop": round(times * rate.gflop_per_sample, 4)}
        return whole | ({"samples": rate.schedule, "parameters": rate.parameters} if rate.parameters else {})

    steps = config.sampler.steps
    sampled = steps * found[f"one of {steps} sampling steps"].gflop_per_sample
    return {
        **{name: entry(name) for name in ("autoencoder", "audio_to_au", "au_attention", "au_classifier")},
        "renderer": entry("renderer (paper A)"),
        "frame_renderer": entry("frame_renderer (paper B)"),
        "encode": entry(_ENCODE),
        "generate A": {"gflop": round(sampled + found[_FROM_LATENT].gflop_per_sample, 4)},
        "generate B and C": entry("generate (paper B)"),
    }


def rates(config: Config, device: torch.device, seconds: float, test_frames: int) -> Iterator[Rate]:
    """One rate a stage; what is only counted may have the configured batch."""
    frames = _BATCH_FRAMES if seconds else config.renderer.frames_per_window
    trained = stages(config, device, frames)
    for stage, work in trained.items():
        if stage not in (_ENCODE, _FROM_LATENT):
            rate, gflop = measure(step_of(work.forward, config, device), work.samples, seconds)
            yield Rate(stage, rate, gflop, work.schedule, work.parameters)
    with torch.no_grad(), precision_of(config, device):
        for stage, work in generating(trained, config, test_frames).items():
            rate, gflop = measure(work.forward, work.samples, seconds)
            yield Rate(stage, rate, gflop, work.schedule)


def report(config: Config, device: torch.device, chosen: argparse.Namespace) -> None:
    """One line a stage."""
    for rate in rates(config, device, chosen.seconds, chosen.frames):
        print(rate.row(chosen.tflops), flush=True)


if __name__ == "__main__":
    main()
