"""Log-mel frames of the sound, and the cepstra that the networks receive.

Written out, as libraries that do it take longer to import than a clip to compute; tests hold it against
librosa.

Shape legend: S samples, K hops of 10 ms, F frequencies of a spectrum, M mel bands, C cepstral coefficients.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import dct

from talkface.config import Mel

_HOPS_AT_ONCE = 6000  # a minute: the spectrum of a longer sound is not held as a whole
POWER_FLOOR = 1e-6
"""Power below which a band counts as silent: under the noise of a recording, above rounding. Padding with
silence thus has level bands, whose cepstra are 0."""


def log_mel(samples: np.ndarray, mel: Mel) -> npt.NDArray[np.float32]:
    """Natural logarithm of the power in mel bands (papers B and C: 25 ms window, 10 ms hop).

    Args:
        samples: [S], full scale 1, at ``mel.sample_rate``.
        mel: window, bands and their range.

    Returns:
        [K, M] with K = S // 160 + 1: hop k is centred on sample 160 k, that is on k * 10 ms. Four hops a
        frame and one more: frame t begins at hop 4 t.

    Raises:
        ValueError: no samples, more than one channel, or samples that are not finite.
    """
    if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
        raise ValueError(
            f"sound must be one channel of finite samples, not an array of shape {samples.shape}"
        )
    whole = np.asarray(samples, np.float32)

    def read(start: int, stop: int) -> np.ndarray:
        inside = whole[max(start, 0) : max(stop, 0)]
        return np.pad(inside, (max(-start, 0), stop - max(start, 0) - len(inside)))

    num_hops = len(whole) // hop_samples(mel) + 1
    blocks = [
        log_mel_of_hops(read, range(first, min(first + _HOPS_AT_ONCE, num_hops)), mel)
        for first in range(0, num_hops, _HOPS_AT_ONCE)
    ]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def hop_samples(mel: Mel) -> int:
    """Samples from one hop to the next."""
    return mel.sample_rate * mel.hop_ms // 1000


def log_mel_of_hops(read: Callable[[int, int], np.ndarray], hops: range, mel: Mel) -> npt.NDArray[np.float32]:
    """:func:`log_mel` of some consecutive hops, [K, M].

    Args:
        read: float32 samples from a first to a last, exclusive; zeros beyond the sound's ends.
        hops: which hops of the sound.
        mel: window, bands and their range.
    """
    window, hop = mel.sample_rate * mel.window_ms // 1000, hop_samples(mel)
    fft = _fft_size(window)
    samples_S = read(hop * hops.start - fft // 2, hop * (hops.stop - 1) + fft // 2)
    heard_KS = sliding_window_view(samples_S, fft)[::hop] * _hamming(window, fft)
    spectrum_FK = np.fft.rfft(heard_KS).astype(np.complex64).T
    power_MK = _filters(mel) @ (spectrum_FK.real**2 + spectrum_FK.imag**2)
    return np.log(np.maximum(power_MK, POWER_FLOOR)).T.astype(np.float32)


def mfcc(mel_KM: np.ndarray, coefficients: int) -> npt.NDArray[np.float32]:
    """Cepstral coefficients 1 to ``coefficients``, [K, C]; the energy c0 is dropped (paper B, section 4.1).

    The transform is orthonormal (DCT-II). Doubling the volume changes no coefficient.

    Raises:
        ValueError: as many coefficients as bands or more.
    """
    if not 0 < coefficients < mel_KM.shape[1]:
        raise ValueError(f"{coefficients} coefficients without c0 need more than {mel_KM.shape[1]} mel bands")
    return dct(mel_KM, type=2, norm="ortho", axis=1)[:, 1 : coefficients + 1].astype(np.float32)


def _fft_size(window: int) -> int:
    return 1 << (window - 1).bit_length()


@functools.cache
def _filters(mel: Mel) -> npt.NDArray[np.float32]:
    """Triangles of unit height, equally spaced on HTK's mel scale: [M, F]."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (mel.low_hz, mel.high_hz))
    edges_hz = 700 * (10 ** (np.linspace(low, high, mel.bands + 2) / 2595) - 1)
    fft = _fft_size(mel.sample_rate * mel.window_ms // 1000)
    to_edge_EF = np.subtract.outer(edges_hz, np.fft.rfftfreq(fft, 1 / mel.sample_rate))
    width_E = np.diff(edges_hz)[:, None]
    rising_MF, falling_MF = -to_edge_EF[:-2] / width_E[:-1], to_edge_EF[2:] / width_E[1:]
    return np.maximum(0, np.minimum(rising_MF, falling_MF)).astype(np.float32)


def _hamming(window: int, fft: int) -> npt.NDArray[np.float64]:
    """A periodic Hamming window in the middle of an FFT's samples."""
    window_S = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(window) / window)
    before = (fft - window) // 2
    return np.pad(window_S, (before, fft - window - before))
