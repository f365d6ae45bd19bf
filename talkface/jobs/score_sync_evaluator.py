"""Rule ``score_sync_evaluator``: the sync evaluator's own quality, on true clips that it has not seen.

Shapes: T frames, K hops, M mel bands, N windows, E numbers of an embedding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, MEL, SCORES, SPLIT
from talkface.artifacts.tables import read_table, write_table
from talkface.artifacts.weights import load_model
from talkface.config import Compute
from talkface.data.rows import vectors
from talkface.data.windows import HOPS_PER_FRAME
from talkface.evaluation.evaluator_quality import judged_clips, other_clips, sha256_of
from talkface.evaluation.score_rows import ScoreRows, tables_by_clip
from talkface.media.images import decode_png
from talkface.metrics.declaration import Score
from talkface.metrics.lip_sync import at_offset_0, of_curve, overlapping_distances
from talkface.models.sync_evaluator import SyncEvaluator
from talkface.runtime.logs import progress
from talkface.training.device import prepare

SHIFTS = (*range(-8, 0), *range(1, 9))
"""By so many frames the sound is shifted to see whether the shift is found; positive: made late."""
_FOUND_WITHIN = 1


def score_sync_evaluator(
    *, model: Path, faces: list[Path], mel: list[Path], split: Path, compute: Compute, scores: Path
) -> None:
    """Write for every held-back and unseen clip what the evaluator says of its own sound, of the same sound
    shifted by known amounts, and of another clip's sound (:func:`quality`)."""
    prepare(compute)
    network = load_model(model, SyncEvaluator)
    rows, clips = ScoreRows(split), judged_clips(read_table(split, SPLIT))
    pictures, sounds = tables_by_clip(faces, FACES), tables_by_clip(mel, MEL)
    others, found = other_clips(clips), []

    def sound(clip: str) -> npt.NDArray[np.float32]:
        return vectors(sounds[clip].read(clip, ["mel"]), "mel")

    for clip in progress(clips, what="clips scored"):
        contents = pictures[clip].read(clip, ["image"])["image"].to_pylist()
        frames_THW3 = np.stack([decode_png(content) for content in contents])
        other = sound(others[clip]) if clip in others else None
        found += rows.of(clip, quality(network, frames_THW3, sound(clip), other))
    data = data_hashes([model, *faces, *mel, split], scores)
    write_table(scores, SCORES, found, {"evaluator_sha256": sha256_of(model), "data": data})


def quality(
    network: SyncEvaluator,
    frames_THW3: npt.NDArray[np.uint8],
    mel_KM: npt.NDArray[np.float32],
    other_KM: npt.NDArray[np.float32] | None,
) -> dict[str, Score]:
    """What the evaluator says of a true clip, by name.

    ``offset``, ``lse_d``, ``lse_c``, ``at_0``: of its own sound, the last one LSE-C at offset 0. The same
    with ``_shifted``: mean over the known shifts; with ``_other``: of another clip's sound.
    ``shifts_found``: share of the shifts that is found within a frame. ``in_order``: 1 where the own sound is
    better at offset 0 than the shifted, and LSE-C of the shifted, which a shift does not change, is better
    than that of another clip's.
    """
    windows = network.windows(len(frames_THW3), len(mel_KM))
    if windows < 4:
        return {"offset": (None, 0)}
    lips_NE = network.clip_lips(frames_THW3, windows)

    def judged(heard_KM: npt.NDArray[np.float32]) -> dict[str, float]:
        own = min(windows, network.windows(len(frames_THW3), len(heard_KM)))
        curve_O = overlapping_distances(lips_NE[:own], network.clip_sound(heard_KM, own))
        found = zip(("lse_d", "lse_c", "offset"), of_curve(curve_O), strict=True)
        return {**dict(found), "at_0": at_offset_0(curve_O)}

    values = judged(mel_KM)
    shifted = [judged(_late(mel_KM, shift)) for shift in SHIFTS]
    # A sound made late by n frames is found at -n, since positive is early.
    found = [abs(one["offset"] + shift) <= _FOUND_WITHIN for one, shift in zip(shifted, SHIFTS, strict=True)]
    means = {f"{name}_shifted": float(np.mean([one[name] for one in shifted])) for name in ("lse_c", "at_0")}
    values |= {"shifts_found": float(np.mean(found)), **means}
    if other_KM is not None:
        values |= {f"{name}_other": value for name, value in judged(other_KM).items()}
        in_order = values["at_0"] > values["at_0_shifted"] and values["lse_c_shifted"] > values["lse_c_other"]
        values["in_order"] = float(in_order)
    return {name: (float(value), windows) for name, value in values.items()}


def _late(mel_KM: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.float32]:
    """The sound some frames later, as long as before; the edge's hop is repeated."""
    hops_K = np.arange(len(mel_KM)) - HOPS_PER_FRAME * frames
    return mel_KM[np.clip(hops_K, 0, len(mel_KM) - 1)]
