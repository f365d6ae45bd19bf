"""Which hops of the sound belong to which video frame, computed from indices.

Shape legend: T frames, K hops, W hops of one window (``num_hops``), M mel bands, C cepstral coefficients.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from talkface.config import Mfcc
from talkface.features.mel import mfcc as cepstra

HOPS_PER_FRAME = 4  # 25 fps, 10 ms
_CENTRE = 2  # a frame's middle is two hops after its beginning


def hop_indices(frames_T: np.ndarray, num_hops: int, window_hops: int) -> npt.NDArray[np.int64]:
    """Hops [T, W] of the windows that are centred on the middle of the given frames.

    Frame t has hops 4t + 2 - W // 2 and on; at the clip's ends the edge hop is repeated.

    Args:
        frames_T: 0-based frames.
        num_hops: hops of the clip.
        window_hops: W.
    """
    first_T = HOPS_PER_FRAME * np.asarray(frames_T, np.int64) + _CENTRE - window_hops // 2
    return np.clip(first_T[:, None] + np.arange(window_hops), 0, num_hops - 1)


def mfcc_windows(mel_KM: np.ndarray, num_frames: int, mfcc: Mfcc) -> npt.NDArray[np.float32]:
    """The sound windows [T, C, W] of a whole clip (papers B and C: 12 x 28).

    Args:
        mel_KM: log-mel of the clip.
        num_frames: T.
        mfcc: C and W.
    """
    hops_TW = hop_indices(np.arange(num_frames), len(mel_KM), mfcc.window_hops)
    return cepstra(mel_KM, mfcc.coefficients)[hops_TW].transpose(0, 2, 1)
