"""The trunk that every renderer has: E_a, E_f and the fusion give one token a frame (papers A, B and C).

Legend: B clips or windows, T frames, C channels, K hops of a frame's window, F AU features, H, W rows and
columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.encoders import AudioEncoder, FaceEncoder
from talkface.models.fusions import AUDIO, AUS, FACE, build_fusion
from talkface.models.network import Network

NUM_AUS = 5


class FirstFace(Protocol):
    """A clip's first face, whole or taken apart by AU-Attention; pictures [3, H, W] in [-1, 1]."""

    @property
    def image(self) -> Tensor:
        """I, the whole face."""
        ...

    @property
    def points(self) -> Tensor:
        """Its landmarks (x, y), [P, 2] in [-1, 1]."""
        ...

    @property
    def lip_gap(self) -> Tensor:
        """Between its inner lips, over the distance of the eyes: one number, []."""
        ...

    @property
    def mask(self) -> Tensor:
        """A, [1, H, W] in [0, 1]; ones where the face is whole."""
        ...

    @property
    def audio_face(self) -> Tensor:
        """(1 - A) I; I where the face is whole."""
        ...

    @property
    def identity_face(self) -> Tensor:
        """A I; I where the face is whole."""
        ...


class Trunk(Network):
    """Sound, face and AU features to one token a frame; the base of every renderer.

    The defaults are paper A's sizes: the fusion sees 512 + 512 + 320 = 1344 channels and gives 1024. Its two
    halves are public, so that long clips can run in windows: ``fusion_input``, then ``fusion`` through
    ``talkface.models.tcsan.stream_windows``. ``settings`` rebuild the network: ``Class(**settings)``.

    Args:
        audio_width: outputs of the audio encoder.
        face_width: outputs of the face encoder.
        encoder_width: first channels of both encoders.
        au_width: width of the Audio-to-AU feature.
        fusion_widths: the fusion's blocks; the last is the width of the token.
        fusion_dropout: dropout in the fusion.
        attention_heads: heads of the fusion's attention.
        crop_size: side of the face in pixels.
        window_hops: hops of a sound window.
        coefficients: cepstral coefficients of a sound window.
        speech: what drives the mouth: "audio", "aus" or both. Without "audio" there is no audio encoder.
        fusion: one of ``talkface.models.fusions.FUSIONS``.
        oracle_aus: AU intensities of the true frames (5, divided by 5) come in the place of the Audio-to-AU
            feature; a layer [own] lifts them to its width.
        normalised: [own] the features are normalised before they meet, since encoders of unlike scale give
            them, and so are the fusion's blocks (``TCSAN``).

    Raises:
        ValueError: no speech, speech of an unknown kind, or a fusion that cannot be built.
    """

    def __init__(
        self,
        audio_width: int = 512,
        face_width: int = 512,
        encoder_width: int = 16,
        au_width: int = 320,
        fusion_widths: Sequence[int] = (512, 1024),
        fusion_dropout: float = 0.2,
        attention_heads: int = 4,
        crop_size: int = 112,
        window_hops: int = 28,
        coefficients: int = 12,
        speech: Sequence[str] = (AUDIO, AUS),
        fusion: str = "tcsan",
        oracle_aus: bool = False,
        normalised: bool = False,
        sees_face: bool = True,
    ) -> None:
        super().__init__()
        if not speech or set(speech) - {AUDIO, AUS}:
            raise ValueError(f"renderer: speech is 'audio', 'aus' or both, not {list(speech)}")
        widths = {FACE: face_width, AUDIO: audio_width, AUS: au_width}
        present = [*speech, FACE] if sees_face else speech
        parts = {name: width for name, width in widths.items() if name in present}
        self.audio_encoder = (
            AudioEncoder(encoder_width, audio_width, coefficients, window_hops) if AUDIO in parts else None
        )
        self.face_encoder = FaceEncoder(encoder_width, face_width, crop_size) if sees_face else None
        self.fusion = build_fusion(fusion, parts, fusion_widths, attention_heads, fusion_dropout, normalised)
        self.normalised = normalised
        self.au_lift = nn.Linear(NUM_AUS, au_width) if oracle_aus and AUS in parts else None
        self.hears_aus = AUS in parts

    def fusion_input(
        self,
        mfcc_BTCK: Tensor | None,
        face_B3HW: Tensor,
        au_BTF: Tensor | None,
        levels: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """The clip's face feature, the frames' audio and AU features side by side: [B, T, 1344].

        What ``speech`` leaves out is not looked at and may be ``None``.

        Args:
            mfcc_BTCK: sound windows [B, T, 12, 28].
            face_B3HW: one face a clip [B, 3, H, W] in [-1, 1].
            au_BTF: Audio-to-AU features [B, T, 320]; with ``oracle_aus`` intensities / 5 [B, T, 5].
            levels: the face's maps (``face_encoder.levels``) where they are at hand already.
        """
        speech: list[Tensor] = []
        if self.audio_encoder is not None:
            assert mfcc_BTCK is not None, "this renderer is driven by sound windows"
            B, T = mfcc_BTCK.shape[:2]
            speech.append(self.audio_encoder(mfcc_BTCK.flatten(0, 1)[:, None]).view(B, T, -1))
        if self.hears_aus:
            assert au_BTF is not None, "this renderer is driven by action units"
            if self.au_lift is not None:
                au_BTF = F.relu(self.au_lift(au_BTF))
            speech.append(au_BTF)
        features = speech
        if self.face_encoder is not None:
            face_BC = (
                self.face_encoder(face_B3HW) if levels is None else self.face_encoder.from_levels(levels)
            )
            face_BTC = face_BC[:, None].expand(-1, speech[0].shape[1], -1)
            features = [face_BTC, *(feature.to(face_BC.dtype) for feature in speech)]
        if self.normalised:
            features = [F.layer_norm(feature, feature.shape[-1:]) for feature in features]
        return torch.cat(features, dim=-1)

    def fuse(
        self,
        mfcc_BTCK: Tensor | None,
        face_B3HW: Tensor,
        au_BTF: Tensor | None,
        levels: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Tokens [B, T, fusion_widths[-1]] of sound windows, faces and AU features; see ``fusion_input``."""
        return self.fusion(self.fusion_input(mfcc_BTCK, face_B3HW, au_BTF, levels))
