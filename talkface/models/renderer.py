"""The renderer: E_a, E_f, TCSAN and the denoiser, trained together by the noise prediction alone (paper A).

Legend: B clips or windows, T frames, N frames, C channels, K hops of a frame's window, H, W height and width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from talkface.models.denoiser import Denoiser
from talkface.models.diffusion import NoiseSchedule
from talkface.models.encoders import AudioEncoder, FaceEncoder
from talkface.models.tcsan import TCSAN


class Renderer(nn.Module):
    """Sound, Audio-face and AU features to one token a frame; token and latents to the frame's noise.

    The defaults are the paper's sizes: the fusion sees 512 + 512 + 320 = 1344 channels and gives 1024. The
    fusion's two halves are public, so that long clips can run in windows: ``fusion_input``, then ``fusion``
    through ``talkface.models.tcsan.stream_windows``.

    Args:
        audio_width: outputs of the audio encoder.
        face_width: outputs of the face encoder.
        encoder_width: first channels of both encoders.
        au_width: width of the Audio-to-AU feature.
        fusion_widths: TCSAN's blocks; the last is the width of the token.
        fusion_dropout: dropout in TCSAN.
        attention_heads: heads of TCSAN's channel attention.
        width, multipliers, blocks, attention_levels, head_width: see ``Denoiser``.
        latent_channels: channels of a latent.
        crop_size: side of the face in pixels.
        window_hops: hops of a sound window.
        coefficients: cepstral coefficients of a sound window.
        token_in_embedding: see ``Denoiser``.
        timesteps, beta_start, beta_end: see ``NoiseSchedule``.
        preconditioned: see ``NoiseSchedule.noise_of``; ``False`` is the paper.
    """

    def __init__(
        self,
        audio_width: int = 512,
        face_width: int = 512,
        encoder_width: int = 16,
        au_width: int = 320,
        fusion_widths: list[int] | tuple[int, ...] = (512, 1024),
        fusion_dropout: float = 0.2,
        attention_heads: int = 4,
        width: int = 256,
        multipliers: list[int] | tuple[int, ...] = (1, 2, 3, 4),
        blocks: int = 2,
        attention_levels: list[int] | tuple[int, ...] = (1, 2, 3),
        head_width: int = 32,
        latent_channels: int = 3,
        crop_size: int = 112,
        window_hops: int = 28,
        coefficients: int = 12,
        token_in_embedding: bool = True,
        timesteps: int = 1000,
        beta_start: float = 0.0015,
        beta_end: float = 0.0195,
        preconditioned: bool = False,
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "audio_width": audio_width,
            "face_width": face_width,
            "encoder_width": encoder_width,
            "au_width": au_width,
            "fusion_widths": list(fusion_widths),
            "fusion_dropout": fusion_dropout,
            "attention_heads": attention_heads,
            "width": width,
            "multipliers": list(multipliers),
            "blocks": blocks,
            "attention_levels": list(attention_levels),
            "head_width": head_width,
            "latent_channels": latent_channels,
            "crop_size": crop_size,
            "window_hops": window_hops,
            "coefficients": coefficients,
            "token_in_embedding": token_in_embedding,
            "timesteps": timesteps,
            "beta_start": beta_start,
            "beta_end": beta_end,
            "preconditioned": preconditioned,
        }
        self.schedule = NoiseSchedule(timesteps, beta_start, beta_end)
        self.preconditioned = preconditioned
        self.audio_encoder = AudioEncoder(encoder_width, audio_width, coefficients, window_hops)
        self.face_encoder = FaceEncoder(encoder_width, face_width, crop_size)
        self.fusion = TCSAN(
            audio_width + face_width + au_width, fusion_widths, attention_heads, fusion_dropout
        )
        self.denoiser = Denoiser(
            in_channels=3 * latent_channels,
            out_channels=latent_channels,
            width=width,
            multipliers=multipliers,
            blocks=blocks,
            attention_levels=attention_levels,
            head_width=head_width,
            context_width=fusion_widths[-1],
            token_in_embedding=token_in_embedding,
        )

    def fusion_input(self, mfcc_BTCK: Tensor, audio_face_B3HW: Tensor, au_feature_BTF: Tensor) -> Tensor:
        """The clip's face feature, the frames' audio and AU features side by side: [B, T, 1344]."""
        B, T = mfcc_BTCK.shape[:2]
        audio_BTC = self.audio_encoder(mfcc_BTCK.flatten(0, 1)[:, None]).view(B, T, -1)
        face_BTC = self.face_encoder(audio_face_B3HW)[:, None].expand(-1, T, -1)
        return torch.cat([face_BTC, audio_BTC, au_feature_BTF.to(audio_BTC.dtype)], dim=-1)

    def fuse(self, mfcc_BTCK: Tensor, audio_face_B3HW: Tensor, au_feature_BTF: Tensor) -> Tensor:
        """Sound windows [B, T, 12, 28], faces [B, 3, H, W], AU features [B, T, 320] -> tokens [B, T, C]."""
        return self.fusion(self.fusion_input(mfcc_BTCK, audio_face_B3HW, au_feature_BTF))

    def denoise(
        self,
        noisy_NCHW: Tensor,
        timestep_N: Tensor,
        token_NC: Tensor,
        identity_latent_NCHW: Tensor,
        masked_latent_NCHW: Tensor,
    ) -> Tensor:
        """Noise in the latents of N frames, each with its timestep, its token and its clip's faces."""
        input_NCHW = torch.cat([noisy_NCHW, masked_latent_NCHW, identity_latent_NCHW], dim=1)
        output_NCHW = self.denoiser(input_NCHW, timestep_N, token_NC).float()
        if not self.preconditioned:
            return output_NCHW
        return self.schedule.noise_of(output_NCHW, noisy_NCHW, timestep_N)
