"""Clips in which the mouth shows what is heard and said, so that evaluators learn it in seconds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d
from tiny_corpus import BANDS, CROP, Clip, make_clip, write_features, write_split

FRAMES = 60
GRAMMAR = (("bin", "lay"), ("a", "b", "c"), ("now", "soon"))


def lips_and_sound(name: str, subset: str, seed: int, related: bool = True) -> Clip:
    """Three bars at the mouth are as bright as three parts of the sound are loud; unless it is unrelated."""
    rng = np.random.default_rng(seed)
    seen_T3 = gaussian_filter1d(rng.normal(0, 3, (FRAMES, 3)), 1.5, axis=0)
    heard_T3 = seen_T3 if related else gaussian_filter1d(rng.normal(0, 3, (FRAMES, 3)), 1.5, axis=0)
    clip = make_clip(name, subset, FRAMES, seed)
    images, points = clip.images.copy(), clip.points.copy()
    for place in range(3):
        bar = slice(8 + 6 * place, 12 + 6 * place)
        images[:, 20:28, bar] = np.clip(128 + 50 * seen_T3[:, place], 0, 255)[:, None, None, None]
    middle = CROP * 0.7
    points[:, 13, 1], points[:, 14, 1] = middle - seen_T3.mean(1) - 4, middle + seen_T3.mean(1) + 4
    heard_K3 = np.repeat(heard_T3, 4, axis=0)
    mel = np.repeat(heard_K3, [5, 4, 4], axis=1)
    mel = np.concatenate([mel, mel[-1:]]) - 5
    assert mel.shape[1] == BANDS
    return replace(clip, images=images, points=points.astype(np.float32), mel=mel.astype(np.float32))


def lips_and_words(name: str, subset: str, seed: int) -> Clip:
    """While a word is said, a mark stands at the word's own place; the words' times are random."""
    rng = np.random.default_rng(seed)
    clip = make_clip(name, subset, FRAMES, seed)
    images = np.full_like(clip.images, 90)
    starts = 6 + np.cumsum([0, 14, 14]) + rng.integers(0, 4, 3)
    words, column = [], 7
    for slot, start in zip(GRAMMAR, starts, strict=True):
        said = int(rng.integers(len(slot)))
        images[start : start + 10, 17:30, column + 2 * said : column + 2 * said + 2] = 250
        column += 2 * len(slot)
        words.append({"start_s": start / 25, "end_s": (start + 10) / 25, "word": slot[said]})
    return replace(clip, images=images, words=words)


def write_clips(folder: Path, clips: list[Clip]) -> dict[str, Path]:
    """Their tables by the names of their schemas, and ``split``."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = write_features(folder, clips, "s1")
    return tables | {"split": write_split(folder / "split.parquet", clips)}
