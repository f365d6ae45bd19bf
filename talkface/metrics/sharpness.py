"""How sharp a picture is: its Laplacian, and the widths of its edges. Needs no reference and no weights.

Shapes: T frames, H rows, W columns.
"""

from __future__ import annotations

import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def laplacian_variance(images_THW3: np.ndarray) -> np.ndarray:
    """Variance of the 4-neighbour Laplacian of each frame's luma (range 0-255), float64 ``[T]``.

    Blur lowers it; noise raises it, so it is read beside a figure of fidelity and as a ratio to the truth's.
    Only pixels with all four neighbours count. (Pech-Pacheco et al. 2000, "variance of Laplacian" focus
    measure.)
    """
    luma_THW = images_THW3.astype(np.float64) @ _LUMA
    inner = luma_THW[:, 1:-1, 1:-1]
    laplacian_THW = (
        luma_THW[:, :-2, 1:-1]
        + luma_THW[:, 2:, 1:-1]
        + luma_THW[:, 1:-1, :-2]
        + luma_THW[:, 1:-1, 2:]
        - 4 * inner
    )
    return laplacian_THW.var(axis=(1, 2))


def sharpness_ratio(prediction_T: np.ndarray, reference_T: np.ndarray) -> float | None:
    """Mean sharpness over the reference's: below 1 is blurred; ``None`` for a reference without detail."""
    reference = float(np.mean(reference_T))
    return float(np.mean(prediction_T)) / reference if reference > 0 else None


_BLOCK = 64
_EDGE_SHARE = 0.002  # of a block's pixels: with more on edges, it counts
_BETA = 3.6
_NOTICED = 63  # per cent probability of seeing the blur of an edge that is just noticeably wide
_LOW_CONTRAST, _WIDE, _NARROW = 50, 5.0, 3.0  # grey levels; pixels of the just noticeable width


def cpbd(image_HW3: np.ndarray) -> float:
    """Share of a picture's edges whose blur is not noticed: cumulative probability of blur detection.

    Widths of vertical edges after Marziliano et al. 2002, against those that are just noticed at a block's
    contrast (Narvekar and Karam 2011). Blocks of 64 pixels; where a side is no multiple of them they overlap,
    spread evenly from border to border, and an edge in two of them counts twice; a smaller picture is one
    block. Luma is rounded to grey levels. 0 where there is no edge.
    """
    from skimage.feature import canny

    luma_HW = np.round(image_HW3.astype(np.float64) @ _LUMA)
    at_edge_HW, width_HW = canny(luma_HW), _edge_widths(luma_HW)
    unnoticed, edges = 0, 0
    for top in _starts(luma_HW.shape[0]):
        for left in _starts(luma_HW.shape[1]):
            block = slice(top, top + _BLOCK), slice(left, left + _BLOCK)
            if np.count_nonzero(at_edge_HW[block]) <= _EDGE_SHARE * at_edge_HW[block].size:
                continue
            just_noticed = _WIDE if np.ptp(luma_HW[block]) <= _LOW_CONTRAST else _NARROW
            width_N = width_HW[block][width_HW[block] > 0]
            seen_N = 1 - np.exp(-((width_N / just_noticed) ** _BETA))
            unnoticed += int(np.count_nonzero(np.round(100 * seen_N) <= _NOTICED))
            edges += len(width_N)
    return unnoticed / edges if edges else 0.0


def _starts(side: int) -> list[int]:
    """Where the blocks along a side begin."""
    count = -(-side // _BLOCK)
    return np.linspace(0, max(side - _BLOCK, 0), count).round().astype(int).tolist()


def _edge_widths(luma_HW: np.ndarray) -> np.ndarray:
    """Pixels from the darkest to the brightest beside each vertical edge, along its row; 0 elsewhere.

    Edges are the thinned ones of Sobel's filter whose squared response exceeds twice the filter's root mean
    square, as in the published code, with a gradient that is nearer to the row's direction than to any other
    of eight.
    """
    from scipy.ndimage import convolve

    sobel_HW = convolve(luma_HW, np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 8) ** 2
    sobel_HW[sobel_HW <= 2 * np.sqrt(sobel_HW.mean())] = 0
    framed = np.pad(sobel_HW, 1)
    along = (sobel_HW > framed[1:-1, :-2]) & (sobel_HW > framed[1:-1, 2:])
    across = (sobel_HW > framed[:-2, 1:-1]) & (sobel_HW > framed[2:, 1:-1])
    edge_HW = along | across
    edge_HW[[0, -1]], edge_HW[:, [0, -1]] = False, False

    down_HW, right_HW = np.gradient(luma_HW)
    turn_HW = np.round(np.degrees(np.arctan2(down_HW, right_HW)) / 45)
    width_HW = np.zeros(luma_HW.shape)
    for sign, towards in ((1, turn_HW == 0), (-1, np.abs(turn_HW) == 4)):
        steps = _monotone(sign * luma_HW)
        rows, columns = np.nonzero(edge_HW & towards)
        before, after = steps[0][rows, columns - 1], steps[1][rows, columns + 1]
        width_HW[rows, columns] = 2 + before + after
    return width_HW


def _monotone(luma_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel, how many steps the row goes on falling to the left of it, and rising to the right."""
    rises = np.diff(luma_HW, axis=1) > 0
    left, right = np.zeros(luma_HW.shape, int), np.zeros(luma_HW.shape, int)
    for column in range(1, luma_HW.shape[1]):
        left[:, column] = np.where(rises[:, column - 1], left[:, column - 1] + 1, 0)
        right[:, -1 - column] = np.where(rises[:, -column], right[:, -column] + 1, 0)
    return left, right
