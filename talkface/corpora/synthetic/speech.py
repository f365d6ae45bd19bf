"""Formant speech: a glottal pulse train and noise through moving resonators (after Klatt 1980).

Samples are float64 [S] at 16 kHz; control tracks are [K] at 5 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter, resample_poly

from talkface.corpora.synthetic.names import has_high_voice
from talkface.corpora.synthetic.timing import Score, Segment

RATE = 16_000
_BLOCK = 80  # 5 ms
_CONTROL_HZ = RATE / _BLOCK
_BANDWIDTHS = (70.0, 100.0, 160.0, 260.0)
_OPEN, _CLOSING = 0.42, 0.16  # Rosenberg's pulse, shares of a period


@dataclass(frozen=True)
class Voice:
    """How a speaker sounds."""

    f0_hz: float
    tract: float  # formant frequencies relative to the adult male's
    rate: float  # speed of speech
    breath: float  # noise in the voice
    jitter: float  # share of a period
    intonation: float  # share of f0


def make_voice(seed: int, speaker: int) -> Voice:
    """The voice of speaker number ``speaker``."""
    rng = np.random.default_rng([seed, speaker, 201])
    high = has_high_voice(speaker)
    return Voice(
        f0_hz=float(rng.uniform(175, 225) if high else rng.uniform(95, 135)),
        tract=float(rng.uniform(1.08, 1.17) if high else rng.uniform(0.95, 1.04)),
        rate=float(rng.uniform(0.92, 1.12)),
        breath=float(rng.uniform(0.01, 0.03)),
        jitter=float(rng.uniform(0.005, 0.012)),
        intonation=float(rng.uniform(0.10, 0.2)),
    )


@dataclass
class _Tracks:
    """Controls per 5 ms block."""

    formants: np.ndarray  # [K, 3]
    voice: np.ndarray
    noise: np.ndarray
    noise_hz: np.ndarray
    noise_width: np.ndarray
    breath: np.ndarray
    nasal: np.ndarray


def synthesise(score: Score, voice: Voice, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    """Speak a sentence: float32 [S] at ``rate_hz``, as long as the score's sound, peak about 0.6."""
    tracks = _controls(score)
    num_samples = len(tracks.voice) * _BLOCK
    source = _glottis(score, voice, num_samples, rng)
    at = np.arange(num_samples) / _BLOCK
    blocks = np.arange(len(tracks.voice)) + 0.5
    loudness = np.interp(at, blocks, tracks.voice)
    breath = np.interp(at, blocks, tracks.breath + voice.breath * tracks.voice)
    excitation = source * loudness + 0.35 * breath * rng.standard_normal(num_samples)
    spoken = _tract(excitation, tracks, voice)
    spoken += 0.55 * _friction(tracks, np.interp(at, blocks, tracks.noise), rng)
    spoken += 2e-4 * rng.standard_normal(num_samples)  # a room, not digital silence
    samples = resample_poly(spoken, rate_hz // 100, RATE // 100)[: round(score.sound_s * rate_hz)]
    return (0.6 * samples / max(float(np.abs(samples).max()), 1e-6)).astype(np.float32)


def _controls(score: Score) -> _Tracks:
    count = math.ceil(round(score.clip_s * _CONTROL_HZ, 6))
    formants = np.zeros((count, 3))
    voice, noise, breath, nasal = (np.zeros(count) for _ in range(4))
    noise_hz, noise_width = np.full(count, 3000.0), np.full(count, 2000.0)
    sounds = score.segments
    for index, segment in enumerate(sounds):
        first, last = round(segment.start_s * _CONTROL_HZ), round(segment.end_s * _CONTROL_HZ)
        sound = segment.phoneme
        neighbour = sounds[min(index + 1, len(sounds) - 1)] if segment.name == "sil" else segment
        formants[first:last] = neighbour.phoneme.formants
        nasal[first:last] = sound.nasal
        if sound.noise:
            noise_hz[first:last], noise_width[first:last] = sound.noise_hz, sound.noise_width_hz
        if not sound.burst:
            voice[first:last], noise[first:last] = sound.voice, sound.noise
            continue
        release = release_block(segment)
        voice[first:release] = sound.voice  # the voice bar of b, d, g
        noise[release:last] = sound.noise * np.exp(-np.arange(last - release) / _burst_decay(segment))
        breath[release:last] = sound.breath
    formants = gaussian_filter1d(formants, 0.016 * _CONTROL_HZ, axis=0, mode="nearest")
    voice = gaussian_filter1d(voice, 0.006 * _CONTROL_HZ)
    steady = gaussian_filter1d(noise, 0.006 * _CONTROL_HZ)
    bursts = np.zeros(count, bool)
    for segment in sounds:
        if segment.phoneme.burst:
            bursts[release_block(segment) - 2 : round(segment.end_s * _CONTROL_HZ)] = True
    breath = gaussian_filter1d(breath, 0.005 * _CONTROL_HZ)
    nasal = gaussian_filter1d(nasal, 0.010 * _CONTROL_HZ)
    return _Tracks(formants, voice, np.where(bursts, noise, steady), noise_hz, noise_width, breath, nasal)


def release_block(segment: Segment) -> int:
    """Control block in which a stop is released: the last third of its time, at least 20 ms."""
    first, last = round(segment.start_s * _CONTROL_HZ), round(segment.end_s * _CONTROL_HZ)
    return last - max(4, round((last - first) * (0.55 if segment.name in ("CH", "JH") else 0.35)))


def release_s(segment: Segment) -> float:
    """Moment of a stop's release, seconds."""
    return release_block(segment) / _CONTROL_HZ


def _burst_decay(segment: Segment) -> float:
    return 12.0 if segment.name in ("CH", "JH") else 2.5


def _glottis(score: Score, voice: Voice, num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Differentiated glottal flow, [S]: Rosenberg pulses whose periods follow a falling, accented contour."""
    time_s = np.arange(num_samples) / RATE
    start, end = score.words[1].start_s, score.words[-2].end_s
    contour = 1.0 + voice.intonation * (0.6 - 1.3 * np.clip((time_s - start) / (end - start), -0.1, 1.1))
    for word in score.words[1:-1]:
        accent = rng.uniform(0.2, 0.8) * voice.intonation
        middle, width = (word.start_s + word.end_s) / 2, 0.45 * (word.end_s - word.start_s) + 0.02
        contour += accent * np.exp(-(((time_s - middle) / width) ** 2))
    wander = gaussian_filter1d(rng.standard_normal(num_samples // _BLOCK + 1), 4.0, mode="wrap")
    contour *= 1 + 2 * voice.jitter * np.interp(time_s, np.arange(len(wander)) / _CONTROL_HZ, wander)
    phase = np.cumsum(voice.f0_hz * contour / RATE)
    cycle = np.floor(phase).astype(int)
    shimmer = 1 + 0.04 * rng.standard_normal(int(cycle[-1]) + 1)
    shift = voice.jitter * rng.standard_normal(int(cycle[-1]) + 1)
    position = np.clip((phase - cycle) * (1 + shift[cycle]), 0, 1)
    rising = 0.5 * (1 - np.cos(np.pi * position / _OPEN))
    falling = np.cos(0.5 * np.pi * (position - _OPEN) / _CLOSING)
    flow = (
        np.where(position < _OPEN, rising, np.where(position < _OPEN + _CLOSING, falling, 0.0))
        * shimmer[cycle]
    )
    return np.diff(flow, prepend=0.0) * RATE / voice.f0_hz / 12


def _tract(excitation: np.ndarray, tracks: _Tracks, voice: Voice) -> np.ndarray:
    """Four resonators in cascade, their coefficients moving every 5 ms, their states carried over."""
    fourth = np.full(len(tracks.voice), 3500.0)
    frequencies = np.column_stack([tracks.formants, fourth]) * voice.tract
    widths = np.tile(_BANDWIDTHS, (len(fourth), 1)) * (1 + 1.5 * tracks.nasal[:, None])
    signal = excitation
    for number in range(4):
        signal = _resonate(signal, frequencies[:, number], widths[:, number], unity_at_dc=True)
    return signal


def _friction(tracks: _Tracks, level: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hiss = rng.standard_normal(len(level)) * level
    top = 0.47 * RATE
    shaped = _resonate(hiss, np.minimum(tracks.noise_hz, top), tracks.noise_width, unity_at_dc=False)
    return lfilter([1.0, -0.9], [1.0], shaped)


def _resonate(
    signal: np.ndarray, frequency: np.ndarray, width: np.ndarray, *, unity_at_dc: bool
) -> np.ndarray:
    """Second-order resonator with one coefficient set per block of 80 samples."""
    radius = np.exp(-np.pi * width / RATE)
    a1, a2 = -2 * radius * np.cos(2 * np.pi * frequency / RATE), radius**2
    gain = 1 + a1 + a2 if unity_at_dc else (1 - radius) * 2
    result = np.empty_like(signal)
    state = np.zeros(2)
    for block in range(len(frequency)):
        span = slice(block * _BLOCK, (block + 1) * _BLOCK)
        result[span], state = lfilter([gain[block]], [1.0, a1[block], a2[block]], signal[span], zi=state)
    return result
