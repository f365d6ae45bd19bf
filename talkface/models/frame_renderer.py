"""The renderer of papers B and C: the trunk and a decoder that gives each frame at once.

Also, by its settings, Speech2Vid, CRAN and, with two faces, the "regression decoder" in A's ablation.

Legend: B clips or windows, N frames, C channels, H and W rows and columns, h and w those of a smaller map.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import group_norm
from talkface.models.encoders import FaceMaps
from talkface.models.trunk import FirstFace, Trunk

_HALVINGS = 4


def _start(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """Start a layer at ``gain`` times He's scale: weights of variance 2 / inputs of an output value."""
    assert isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
    if isinstance(layer, nn.ConvTranspose2d):  # weights [inputs, outputs, 5, 5]; a quarter of the taps meet
        num_inputs = layer.weight[:, 0].numel() // 4
    else:
        num_inputs = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=gain * (2 / num_inputs) ** 0.5)
    return layer


class FrameDecoder(nn.Module):
    """FC to 7 x 7, four transposed convolutions 5 x 5 of stride 2 with skips, two convolutions, tanh.

    The map before each transposed convolution is joined by the face encoder's map of the same size, and the
    channels halve from level to level: 256 -> 128 -> 64 -> 32 -> 16 at the paper's size. [own] The token is
    normalised first, since the fusions differ in scale. The last two convolutions are 3 x 3. Group
    normalisation and ReLU follow each transposed convolution: its statistics are one frame's own, so that a
    frame depends on no other of its batch. Weights start at He's scale, the last layer's at a tenth of it;
    torch's smaller one costs the first hundreds of steps.

    Args:
        token_width: channels of a token.
        width: channels of the 7 x 7 map.
        skip_widths: channels of the face's maps, the largest map first.
        size: sides of the first map (7 for crops of 112 pixels).
    """

    def __init__(self, token_width: int, width: int, skip_widths: Sequence[int], size: int) -> None:
        super().__init__()
        self.first_map = (width, size, size)
        self.dense = _start(nn.Linear(token_width, width * size * size))
        channels = [width // 2**level for level in range(_HALVINGS + 1)]
        self.ups = nn.ModuleList(
            nn.Sequential(
                _start(nn.ConvTranspose2d(before + skip, after, 5, 2, 2, output_padding=1)),
                group_norm(after),
                nn.ReLU(),
            )
            for (before, after), skip in zip(pairwise(channels), reversed(skip_widths), strict=True)
        )
        self.out = nn.Sequential(
            _start(nn.Conv2d(channels[-1], channels[-1], 3, padding=1)),
            nn.ReLU(),
            _start(nn.Conv2d(channels[-1], 3, 3, padding=1), gain=0.1),
        )

    def forward(self, token_NC: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """Tokens [N, C] and maps [N, c, h, w], the largest first -> frames [N, 3, H, W] in [-1, 1]."""
        h_NCHW = F.relu(self.dense(F.layer_norm(token_NC, token_NC.shape[-1:]))).unflatten(1, self.first_map)
        for up, skip_NCHW in zip(self.ups, reversed(skips), strict=True):
            h_NCHW = up(torch.cat([h_NCHW, skip_NCHW.to(h_NCHW.dtype)], dim=1))
        return torch.tanh(self.out(h_NCHW))


class FrameRenderer(Trunk, name="frame_renderer"):
    """Sound, face and AU features to one token a frame; token and the face's maps to the frame.

    Args:
        decoder_width: channels of the decoder's first map (256 in the papers).
        disentangled: the token is made of the Audio-face, and the skips of the Identity-face by an encoder of
            their own; otherwise one face and one encoder serve both.
        **trunk: see ``Trunk``.

    Raises:
        ValueError: a crop or a decoder width that cannot be halved four times; see also ``Trunk``.
    """

    def __init__(self, *, decoder_width: int = 256, disentangled: bool = False, **trunk: Any) -> None:
        super().__init__(**trunk)
        for name in ("crop_size", "decoder_width"):
            if self.settings[name] % 2**_HALVINGS:
                raise ValueError(f"frame renderer: {name} {self.settings[name]} must be a multiple of 16")
        width = self.settings["encoder_width"]
        self.identity_encoder = FaceMaps(width) if disentangled else None
        self.decoder = FrameDecoder(
            self.settings["fusion_widths"][-1],
            decoder_width,
            [width * 2**level for level in range(_HALVINGS)],
            self.settings["crop_size"] // 2**_HALVINGS,
        )

    def skips(self, face_B3HW: Tensor, identity_B3HW: Tensor | None = None) -> list[Tensor]:
        """The maps [B, c, h, w] that the decoder takes over, the largest first: of the face, or, with
        ``disentangled``, of the Identity-face.

        Without ``disentangled`` they are also the fusion's: ``fuse(..., levels=skips)`` saves a second run of
        the encoder.
        """
        if self.identity_encoder is None:
            assert self.face_encoder is not None, "a decoder of frames takes its skips from E_f"
            return self.face_encoder.levels(face_B3HW)
        assert identity_B3HW is not None, "a disentangled renderer takes its skips from the Identity-face"
        return self.identity_encoder.levels(identity_B3HW)

    def decode(self, token_NC: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """Tokens [N, C] and for each frame the maps of its clip [N, c, h, w] -> frames [N, 3, H, W], in
        [-1, 1]."""
        return self.decoder(token_NC, skips)

    def frames(self, token_NC: Tensor, face: FirstFace) -> Tensor:
        """Tokens [N, C] of a clip and its first face -> frames [N, 3, H, W] in [-1, 1]."""
        faces = (face_3HW[None].to(token_NC.device) for face_3HW in (face.audio_face, face.identity_face))
        skips = [level.expand(len(token_NC), -1, -1, -1) for level in self.skips(*faces)]
        return self.decode(token_NC, skips)
