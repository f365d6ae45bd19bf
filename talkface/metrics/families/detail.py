"""Structural similarity over several scales of the picture."""

from __future__ import annotations

import numpy as np

from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of

_FRAMES_AT_ONCE = 25
_WINDOW = 11
_BETAS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales (Wang et al. 2003), the finest first."""


def score(clip: Clip) -> dict[str, Score]:
    """``ms_ssim``: mean over frames of :func:`ms_ssim`, whole crop. 1 for equal frames."""
    pieces = []
    for start in range(0, clip.num_frames, _FRAMES_AT_ONCE):
        which = slice(start, start + _FRAMES_AT_ONCE)
        pieces.append(ms_ssim(clip.frames[which], clip.true_frames[which]))
    return {"ms_ssim": (np.concatenate(pieces).mean() if pieces else None, clip.num_frames)}


def scales(side: int) -> int:
    """How many scales a picture of this side has room for: its window of 11 pixels fits into the coarsest."""
    return max(number for number in range(1, len(_BETAS) + 1) if side >> (number - 1) >= _WINDOW)


def ms_ssim(prediction_THWC: np.ndarray, reference_THWC: np.ndarray) -> np.ndarray:
    """Multi-scale structural similarity of each frame (Wang et al. 2003), float64 ``[T]``, by torchmetrics.

    A crop of 112 pixels has room for four of the five scales; their exponents are scaled to a sum of one.
    Negative contrast terms count as zero. Raises ``ValueError`` unless both are uint8 of one shape.
    """
    import torch  # not above: the Snakefile reads the declarations
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    if prediction_THWC.shape != reference_THWC.shape or prediction_THWC.dtype != np.uint8:
        raise ValueError(f"pictures must be uint8 of one shape, got {prediction_THWC.shape}")
    betas = np.array(_BETAS[: scales(min(prediction_THWC.shape[1:3]))])
    prediction_TCHW, reference_TCHW = (
        torch.from_numpy(np.ascontiguousarray(frames_THWC.transpose(0, 3, 1, 2))).float()
        for frames_THWC in (prediction_THWC, reference_THWC)
    )
    found_T = multiscale_structural_similarity_index_measure(
        prediction_TCHW,
        reference_TCHW,
        data_range=255.0,
        reduction="none",
        betas=tuple((betas / betas.sum()).tolist()),
        normalize="relu",
    )
    return np.asarray(found_T, dtype=np.float64).reshape(len(prediction_THWC))


METRIC = Metric(
    score,
    needs=("frames", "true_frames"),
    measures=(
        Measure(
            "ms_ssim", "MS-SSIM", "ms_ssim", "mean", 3, "high",
            "structural similarity over four scales, whole crop",
            unit="1", range=(0, 1), region="whole crop",
            source="Wang et al. 2003; four scales instead of five, for a crop of 112 pixels: our own",
            blind="the mouth, as SSIM is: a frozen picture comes close to the best",
            orders=(
                *ahead_of("ground_truth", "codec"), *ahead_of("codec", "blurred", "static", "other_face"),
            ),
        ),
    ),
    table="Detail and shape of the lips",
)  # fmt: skip
