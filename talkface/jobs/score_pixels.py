"""Rule ``score_pixels``: PSNR, SSIM and sharpness of generated clips, before any video coding."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, GENERATED, SCORES
from talkface.artifacts.tables import write_table
from talkface.data.regions import mouth_box
from talkface.evaluation.score_rows import ScoreRows, same_length, tables_by_clip
from talkface.media.images import decode_png
from talkface.metrics.pixels import Box, crop, mean_finite, psnr, ssim
from talkface.metrics.sharpness import laplacian_variance, sharpness_ratio
from talkface.runtime.logs import progress

_FRAMES_AT_ONCE = 100


def score_pixels(
    *, generated: list[Path], faces: list[Path], split: Path, crop_size: int, scores: Path
) -> None:
    """Write for every generated clip, whole crop and mouth box (suffix ``_mouth``):

    ``psnr`` (dB) and ``ssim``, means over frames; a frame equal to its truth has no PSNR and is left out, so
    that *ground truth* has null. ``sharpness_mouth``: variance of the Laplacian, and
    ``sharpness_mouth_ratio``, its ratio to the truth's.
    """
    rows = ScoreRows(split)
    truth = tables_by_clip(faces, FACES)
    box = mouth_box(crop_size)
    for clip, table in progress(tables_by_clip(generated, GENERATED).items(), what="clips scored"):
        images = table.read(clip, ["image"])["image"].to_pylist()
        references = truth[clip].read(clip, ["image"])["image"].to_pylist()
        same_length(clip, len(references), len(images), "pictures")
        pieces = [
            _figures(
                images[start : start + _FRAMES_AT_ONCE], references[start : start + _FRAMES_AT_ONCE], box
            )
            for start in range(0, len(images), _FRAMES_AT_ONCE)
        ]
        figures = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
        for name in ("psnr", "psnr_mouth"):
            value, frames = mean_finite(figures[name])
            rows.add(clip, {name: value}, frames)
        sharpness = figures["sharpness_mouth"]
        means: dict[str, float | None] = {name: figures[name].mean() for name in ("ssim", "ssim_mouth")}
        means["sharpness_mouth"] = sharpness.mean()
        means["sharpness_mouth_ratio"] = sharpness_ratio(sharpness, figures["true_sharpness"])
        rows.add(clip, means, len(images))
    metadata = {
        "crop_size": crop_size, "mouth_box": box, "video_coding": "before",
        "data": data_hashes([*generated, *faces, split], scores),
    }  # fmt: skip
    write_table(scores, SCORES, rows.rows, metadata)


def _figures(images: list[bytes], references: list[bytes], box: Box) -> dict[str, np.ndarray]:
    prediction_THWC = np.stack([decode_png(image) for image in images])
    reference_THWC = np.stack([decode_png(image) for image in references])
    ssim_T, ssim_mouth_T = ssim(prediction_THWC, reference_THWC, box)
    return {
        "psnr": psnr(prediction_THWC, reference_THWC),
        "psnr_mouth": psnr(crop(prediction_THWC, box), crop(reference_THWC, box)),
        "ssim": ssim_T,
        "ssim_mouth": ssim_mouth_T,
        "sharpness_mouth": laplacian_variance(crop(prediction_THWC, box)),
        "true_sharpness": laplacian_variance(crop(reference_THWC, box)),
    }
