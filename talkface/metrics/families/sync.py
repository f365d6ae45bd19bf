"""LSE-D, LSE-C and the offset between lips and sound, by SyncNet with its authors' weights.

Shapes: T frames, H rows, W columns, N windows, O offsets.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.declaration import Measure, Metric, Score, WeightsFile, ahead_of
from talkface.metrics.lip_sync import OFFSETS, of_curve, padded_distances

if TYPE_CHECKING:
    from talkface.metrics.networks.syncnet import SyncNet

WEIGHTS = "syncnet"
_WINDOW = 5
_SIDE = 224
_SAMPLES = 640
"""Of 16 kHz sound in a frame."""
_WINDOWS_AT_ONCE = 10


def score(clip: Clip) -> dict[str, Score]:
    """``lse_d``, ``lse_c`` and ``sync_offset`` (frames; positive: the sound is early) of the clip.

    The whole crop, enlarged to 224 pixels, takes the place of the face crop of SyncNet's own pipeline, which
    shows more around the face: figures compare with each other, not with those of other crops. Not defined
    for a clip with fewer than six frames.
    """
    windows = min(clip.num_frames, len(clip.sound) // _SAMPLES) - _WINDOW
    names = ("lse_d", "lse_c", "sync_offset")
    if windows < 1:
        return dict.fromkeys(names, (None, 0))
    network = _network(clip.weights[WEIGHTS])
    curve_O = padded_distances(
        _embed_lips(network, clip, windows), _embed_sound(network, clip.sound, windows)
    )
    found = of_curve(curve_O)
    return {name: (value, windows) for name, value in zip(names, found, strict=True)}


@cache
def _network(weights: StateDict) -> SyncNet:
    from talkface.metrics.networks.fitting import fitted
    from talkface.metrics.networks.syncnet import SyncNet

    return fitted(SyncNet(), weights.tensors, f"metrics.weights.{WEIGHTS}")


def _embed_lips(network: SyncNet, clip: Clip, windows: int) -> npt.NDArray[np.float32]:
    import cv2
    import torch

    pieces = []
    for start in range(0, windows, _WINDOWS_AT_ONCE):
        stop = min(start + _WINDOWS_AT_ONCE, windows)
        shown = clip.frames[start : stop + _WINDOW - 1]
        large_T = np.stack([cv2.resize(frame[..., ::-1].copy(), (_SIDE, _SIDE)) for frame in shown])
        frames_3THW = torch.from_numpy(large_T).permute(3, 0, 1, 2).float()
        batch = torch.stack([frames_3THW[:, place : place + _WINDOW] for place in range(stop - start)])
        with torch.no_grad():
            pieces.append(network.lips(batch).numpy())
    return np.concatenate(pieces)


def _embed_sound(network: SyncNet, sound: npt.NDArray[np.float32], windows: int) -> npt.NDArray[np.float32]:
    import torch
    from python_speech_features import mfcc

    samples = np.clip(np.round(sound * 32768), -32768, 32767).astype(np.int16)
    cepstra_CK = torch.from_numpy(mfcc(samples, 16_000).T.astype(np.float32))
    batch = torch.stack([cepstra_CK[None, :, 4 * place : 4 * place + 20] for place in range(windows)])
    with torch.no_grad():
        return network.sound(batch).numpy()


_SOURCE = "Prajwal et al. 2020 (LSE), by SyncNet of Chung and Zisserman 2016"
_BLIND = "what people see: Spearman of -0.27 (D) and -0.16 (C) with their ratings (THEval, 17 systems)"

METRIC = Metric(
    score,
    needs=("frames", "sound", "weights"),
    measures=(
        Measure(
            "lse_d", "LSE-D", "lse_d", "mean", 3, "low", "SyncNet's least mean distance of lips and sound",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND,
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
        Measure(
            "lse_c", "LSE-C", "lse_c", "mean", 3, "high", "SyncNet's confidence: median less least distance",
            unit="1", range=(0, None), region="whole crop", source=_SOURCE, blind=_BLIND,
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
        Measure(
            "sync_offset_frames", "Offset, frames", "sync_offset", "median", 0, "",
            "offset at which SyncNet finds lips and sound nearest; positive: the sound is early",
            unit="frames", range=(-OFFSETS, OFFSETS), region="whole crop", source=_SOURCE,
            blind="whether anything fits at all: some offset is always the nearest",
            orders=(),
        ),
    ),
    table="Lips and sound, by SyncNet",
    packages=("python-speech-features",),
    weights=(
        WeightsFile(
            WEIGHTS, "state dict of SyncNet, netcnnaud.0.weight to netcnnlip.19.running_var",
            "https://www.robots.ox.ac.uk/~vgg/software/lipsync/data/syncnet_v2.model",
        ),
    ),
)  # fmt: skip
