"""How well the action units' intensities on generated frames follow those on the true frames.

Shapes: T frames, A action units.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from talkface.artifacts.schemas import AU_NAMES
from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of

_STILL = 1e-3
"""Intensities with a smaller standard deviation do not change."""
_KINDS = ("pcc", "ccc", "mae")


def score(clip: Clip) -> dict[str, Score]:
    """``au_pcc``, ``au_ccc``, ``au_mae``: means over the AUs of the figures ``au25_pcc`` and so on.

    Frames in which the truth was missed are left out. A unit that does not change in the truth has no
    correlation, one that does not change in the generated clip has the correlation 0. Where generated frames
    cannot be labelled, nothing is defined.
    """
    found, true = clip.aus, clip.true_aus
    if found is None:
        return {f"au_{kind}": (None, 0) for kind in _KINDS}
    known_T = true.known_T
    frames = int(known_T.sum())
    scores: dict[str, Score] = {}
    columns = zip(found.intensity_TA[known_T].T, true.intensity_TA[known_T].T, strict=True)
    for au, (made_T, true_T) in zip(AU_NAMES, columns, strict=True):
        values = agreement(made_T.astype(np.float64), true_T.astype(np.float64))
        scores |= {f"{au.lower()}_{kind}": (value, frames) for kind, value in values.items()}
    for kind in _KINDS:
        defined = [value for au in AU_NAMES if (value := scores[f"{au.lower()}_{kind}"][0]) is not None]
        scores[f"au_{kind}"] = (float(np.mean(defined)) if defined else None, frames)
    return scores


def agreement(found_T: npt.NDArray[np.float64], true_T: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """Pearson's correlation ``pcc``, Lin's concordance ``ccc`` (both ``None`` for a truth that does not
    change) and mean absolute error ``mae`` (``None`` without frames) of two courses of intensity."""
    if not len(true_T):
        return dict.fromkeys(_KINDS)
    error = float(np.abs(found_T - true_T).mean())
    deviation, true_deviation = float(found_T.std()), float(true_T.std())
    if true_deviation < _STILL:
        return {"pcc": None, "ccc": None, "mae": error}
    together = float(((found_T - found_T.mean()) * (true_T - true_T.mean())).mean())
    apart = deviation**2 + true_deviation**2 + float(found_T.mean() - true_T.mean()) ** 2
    correlation = together / (deviation * true_deviation) if deviation >= _STILL else 0.0
    return {"pcc": correlation, "ccc": 2 * together / apart, "mae": error}


_SOURCE = "{}; on the labeller's intensities, 0 to 5 on the true speaker's scale, mean over AUs"
_ORDERS = ahead_of("ground_truth", "early", "late", "other_clip", "static")

METRIC = Metric(
    score,
    needs=("aus", "true_aus"),
    measures=(
        Measure(
            "au_pcc", "AU PCC", "au_pcc", "mean", 3, "high",
            "Pearson correlation of AU intensities with the truth's, mean over AUs",
            unit="1", range=(-1, 1), region="face landmarks", source=_SOURCE.format("Pearson's correlation"),
            blind="how strong the movements are; AUs that do not change in the truth are left out",
            orders=_ORDERS,
        ),
        Measure(
            "au_ccc", "AU CCC", "au_ccc", "mean", 3, "high",
            "concordance correlation of AU intensities with the truth's, mean over AUs",
            unit="1", range=(-1, 1), region="face landmarks", source=_SOURCE.format("Lin 1989"),
            blind="AUs that do not change in the truth: they are left out",
            orders=_ORDERS,
        ),
        Measure(
            "au_mae", "AU MAE", "au_mae", "mean", 3, "low",
            "mean absolute error of AU intensities, mean over AUs",
            unit="1", range=(0, 5), region="face landmarks", source=_SOURCE.format("mean absolute error"),
            blind="whether anything moves: a face that rests in its mean comes close to one that moves",
            orders=_ORDERS,
        ),
    ),
    table="Action units, intensity",
)  # fmt: skip
