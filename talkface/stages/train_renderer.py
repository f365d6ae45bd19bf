"""Stage: paper A's renderer (E_a, E_f, TCSAN, conditional latent denoiser), by noise prediction alone.

Everything else is frozen and cached before this stage: latents of the frames, Audio-to-AU features of the
sound, and the first frame taken apart by AU-Attention. A sample is one denoised frame; the fusion always sees
the whole window around it.

Shape legend: B windows, T frames of a window, N denoised frames, C channels, K hops, H and W of the latent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from talkface.config import Compute, Mfcc
from talkface.config import Renderer as RendererConfig
from talkface.data.regions import mouth_box
from talkface.data.sequences import WindowIndex, load_sound, sound_statistics, sound_windows
from talkface.data.stores import au_feature_store, identity_store, latent_store
from talkface.data.subsets import clip_lengths
from talkface.models.renderer import Renderer
from talkface.training import seeding
from talkface.training.checkpoint import save_model
from talkface.training.loop import Finished, StepContext, Task, run
from talkface.training.schedule import build_optimizer


def train_renderer(
    *,
    split: Path,
    latents: list[Path],
    au_features: list[Path],
    identities: list[Path],
    mel: list[Path],
    renderer: RendererConfig,
    mfcc: Mfcc,
    crop_size: int,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Path,
) -> None:
    """Train on the split's training clips and publish the averaged weights."""

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, Renderer)
        save_model(model, network, network.settings, finished.metadata)

    run(
        RendererTask(split, latents, au_features, identities, mel, renderer, mfcc, crop_size, seed),
        renderer.training,
        compute,
        seed=seed,
        work=work,
        history=history,
        fingerprint={
            "config": renderer.model_dump(mode="json"),
            "mfcc": mfcc.model_dump(),
            "crop_size": crop_size,
            "code": code,
        },
        inputs=[split, *latents, *au_features, *identities, *mel],
        what="renderer",
        publish=publish,
    )


class RendererTask(Task):
    """Data, network and loss, as the training loop asks for them."""

    def __init__(
        self,
        split: Path,
        latents: list[Path],
        au_features: list[Path],
        identities: list[Path],
        mel: list[Path],
        config: RendererConfig,
        mfcc: Mfcc,
        crop_size: int,
        seed: int,
    ):
        seeding.reseed(seed)
        lengths = clip_lengths(split, "train")
        self._latents = latent_store(latents, crop_size)
        self._au_features = au_feature_store(au_features)
        self._identities = identity_store(identities, crop_size)
        self._sound = load_sound(mel, lengths, mfcc)
        self._windows = WindowIndex(lengths, config.window_frames)
        self._config, self._window_hops = config, mfcc.window_hops
        self.network = build_renderer(config, mfcc, crop_size)
        self.network.audio_encoder.sound_norm.set(*sound_statistics(self._sound))
        self.schedule = self.network.schedule
        self.modules = {"renderer": self.network}
        self.optimizers = {"renderer": build_optimizer(self.network.parameters(), config.training)}
        self.size, self.samples_per_item = len(self._windows), config.frames_per_window
        self._weight_HW = region_weights(crop_size, config.mouth_weight)

    def step(self, indices: list[int], context: StepContext) -> dict[str, torch.Tensor]:
        """One update on some frames of each drawn window; every frame draws its own timestep."""
        device = context.device
        drawn = self._windows.draw(indices, context.rng)
        faces = [self._identities[clip] for clip, _ in drawn]
        mfcc_BTCK = torch.stack([sound_windows(self._sound[c], f, self._window_hops) for c, f in drawn])
        au_BTF = torch.stack([self._au_features[c][f].float() for c, f in drawn])
        audio_face_BCHW = torch.stack([face.audio_face for face in faces])
        picks = [self._pick(frames, context.rng) for _, frames in drawn]
        clean_NCHW = torch.cat(
            [
                self._latents[clip][frames[pick]].float()
                for (clip, frames), pick in zip(drawn, picks, strict=True)
            ]
        ).to(device)
        per_window = len(picks[0])
        identity_NCHW, masked_NCHW = (
            torch.stack([getattr(face, name) for face in faces])
            .float()
            .repeat_interleave(per_window, 0)
            .to(device)
            for name in ("identity_latent", "masked_latent")
        )
        timestep_N = torch.randint(
            0, self.schedule.timesteps, (len(clean_NCHW),), generator=context.generator
        )
        noise_NCHW = torch.randn(clean_NCHW.shape, generator=context.generator).to(device)
        timestep_N = timestep_N.to(device)
        noisy_NCHW = self.schedule.add_noise(clean_NCHW, noise_NCHW, timestep_N)
        with context.autocast():
            token_BTC = self.network.fuse(mfcc_BTCK.to(device), audio_face_BCHW.to(device), au_BTF.to(device))
            rows = torch.arange(len(drawn)).repeat_interleave(per_window)
            token_NC = token_BTC[rows.to(device), torch.from_numpy(np.concatenate(picks)).to(device)]
            predicted_NCHW = self.network.denoise(
                noisy_NCHW, timestep_N, token_NC, identity_NCHW, masked_NCHW
            )
        error_NHW = (predicted_NCHW.float() - noise_NCHW).square().mean(1)
        weight_N = (
            self.schedule.weights(timestep_N) if self._config.even_timesteps else torch.ones(1, device=device)
        )
        loss = (weight_N[:, None, None] * error_NHW * self._weight_HW.to(device)).mean()
        context.update(loss)
        return {"loss": loss, "loss/noise": error_NHW.mean()}

    def _pick(self, frames_T: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        count = self._config.frames_per_window
        return np.sort(rng.choice(len(frames_T), size=count, replace=False))


def build_renderer(config: RendererConfig, mfcc: Mfcc, crop_size: int) -> Renderer:
    """The network of a configuration; ``Renderer(**settings)`` rebuilds it from a saved model."""
    return Renderer(
        audio_width=config.audio_width,
        face_width=config.face_width,
        encoder_width=config.encoder_width,
        fusion_widths=config.fusion_widths,
        fusion_dropout=config.fusion_dropout,
        attention_heads=config.attention_heads,
        width=config.width,
        multipliers=config.multipliers,
        blocks=config.blocks,
        attention_levels=config.attention_levels,
        head_width=config.head_width,
        crop_size=crop_size,
        window_hops=mfcc.window_hops,
        coefficients=mfcc.coefficients,
        timesteps=config.timesteps,
        beta_start=config.beta_start,
        beta_end=config.beta_end,
        preconditioned=config.preconditioned,
    )


def region_weights(crop_size: int, mouth_weight: float) -> torch.Tensor:
    """Weights [h, w] of the noise loss on the latent's grid: mean one, more at the mouth."""
    size = crop_size // 4
    top, bottom, left, right = (round(edge / 4) for edge in mouth_box(crop_size))
    weight_HW = torch.ones(size, size)
    weight_HW[top:bottom, left:right] = mouth_weight
    return weight_HW / weight_HW.mean()
