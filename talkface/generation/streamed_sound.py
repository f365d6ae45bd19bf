"""The sound that drives a clip, read in pieces, so that memory does not grow with its length.

Shapes: T frames, K hops of 10 ms, C cepstra, W hops of a window, F Audio-to-AU features.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from talkface.config import Mel, Mfcc
from talkface.data.windows import HOPS_PER_FRAME, hop_indices
from talkface.features.mel import log_mel_of_hops, mfcc
from talkface.media.audio import SoundFile
from talkface.models.audio_to_au import AudioToAu

_PIECE_FRAMES = 250  # ten seconds, which Audio-to-AU hears at once
_MARGIN_HOPS = 64  # heard on either side of a piece: more than any network's window
_KEPT_PIECES = 2


@dataclass(frozen=True)
class _Piece:
    first_hop: int
    mfcc_KC: Tensor
    feature_TF: Tensor  # [T, 0] without Audio-to-AU


class StreamedSound:
    """Cepstra and Audio-to-AU features of a sound file on the picture's clock.

    Every piece of 250 frames is computed by itself, from its own samples and those around it; a sound no
    longer than one piece is one plain call of each function.

    Args:
        sound: decoded at ``mel.sample_rate``; beyond its end there is silence.
        num_frames: T, the pictures that it drives.
        audio_to_au: the frozen nets; none where the renderer is not told action units.
        mel: bands of the sound.
        cepstra: what the networks hear of them.
        device: where ``audio_to_au`` lies.
    """

    def __init__(
        self,
        sound: SoundFile,
        num_frames: int,
        audio_to_au: AudioToAu | None,
        mel: Mel,
        cepstra: Mfcc,
        device: torch.device,
    ):
        self._sound, self._net, self._mel, self._cepstra = sound, audio_to_au, mel, cepstra
        self._device, self._num_frames = device, num_frames
        self._num_hops = HOPS_PER_FRAME * num_frames + 1
        self._kept: OrderedDict[int, _Piece] = OrderedDict()

    @property
    def num_frames(self) -> int:
        """T, the number of pictures that this sound asks for."""
        return self._num_frames

    def windows(self, frames_T: np.ndarray, window_hops: int) -> Tensor:
        """The networks' sound windows [T, C, W] of the given frames, W at most 64."""
        assert window_hops <= _MARGIN_HOPS
        parts = []
        for number, part_T in self._by_piece(frames_T):
            piece = self._piece(number)
            hops_TW = hop_indices(part_T, self._num_hops, window_hops) - piece.first_hop
            parts.append(piece.mfcc_KC[torch.from_numpy(hops_TW)].transpose(1, 2))
        return torch.cat(parts)

    def told(self, frames_T: np.ndarray) -> Tensor | None:
        """Audio-to-AU features float16 [T, F] of the given frames."""
        if self._net is None:
            return None
        return torch.cat(
            [
                self._piece(number).feature_TF[torch.from_numpy(part_T - number * _PIECE_FRAMES)]
                for number, part_T in self._by_piece(frames_T)
            ]
        )

    def _by_piece(self, frames_T: np.ndarray) -> list[tuple[int, np.ndarray]]:
        numbers_T = frames_T // _PIECE_FRAMES
        return [(int(number), frames_T[numbers_T == number]) for number in np.unique(numbers_T)]

    @torch.inference_mode()
    def _piece(self, number: int) -> _Piece:
        if number in self._kept:
            return self._kept[number]
        frames = range(number * _PIECE_FRAMES, min((number + 1) * _PIECE_FRAMES, self._num_frames))
        hops = range(
            max(HOPS_PER_FRAME * frames.start - _MARGIN_HOPS, 0),
            min(HOPS_PER_FRAME * frames.stop + _MARGIN_HOPS, self._num_hops),
        )
        mel_KM = log_mel_of_hops(self._sound.read, hops, self._mel)
        mfcc_KC = torch.from_numpy(mfcc(mel_KM, self._cepstra.coefficients)).float()
        hops_TW = hop_indices(np.arange(frames.start, frames.stop), self._num_hops, self._cepstra.window_hops)
        mfcc_TCW = mfcc_KC[torch.from_numpy(hops_TW - hops.start)].transpose(1, 2)
        feature_TF = torch.empty(len(frames), 0)
        if self._net is not None:
            feature_TF = self._net(mfcc_TCW[None].to(self._device))[0][0].half().cpu()
        self._kept[number] = _Piece(hops.start, mfcc_KC, feature_TF)
        while len(self._kept) > _KEPT_PIECES:
            self._kept.popitem(last=False)
        return self._kept[number]
