"""Losses of the renderers that start from the photo: unweighted scalars.

Legend: B windows, T frames, N pictures, P landmarks, A action units, H and W rows and columns.
"""

from __future__ import annotations

from torch import Tensor


def edge_loss(error_N3HW: Tensor, weight_N1HW: Tensor) -> Tensor:
    """L1 of the differences of an error between neighbouring pixels, by the weights of the second."""
    down = (error_N3HW[:, :, 1:] - error_N3HW[:, :, :-1]).abs() * weight_N1HW[:, :, 1:]
    across = (error_N3HW[..., 1:] - error_N3HW[..., :-1]).abs() * weight_N1HW[..., 1:]
    return (down.mean() + across.mean()) / 2


def landmark_loss(moved_NP2: Tensor, truth_NP2: Tensor, photo_NP2: Tensor, weight_NP: Tensor) -> Tensor:
    """How far the photo's landmarks, once moved, are from those of the true frame, in half widths.

    The weighted mean of absolute differences of coordinates.
    """
    return ((photo_NP2 + moved_NP2 - truth_NP2).abs().mean(-1) * weight_NP).mean()


def variation(flow_N2HW: Tensor) -> Tensor:
    """Mean absolute difference between neighbours, of a flow in half widths, per half width of distance."""
    down, across = flow_N2HW[:, :, 1:] - flow_N2HW[:, :, :-1], flow_N2HW[..., 1:] - flow_N2HW[..., :-1]
    return (down.abs().mean() + across.abs().mean()) * flow_N2HW.shape[-1] / 2


def course_loss(told_BTA: Tensor, true_BTA: Tensor, valid_BT: Tensor, floor: float = 0.02) -> Tensor:
    """How unlike two courses over a window are, whatever their mean: 0 for equal ones.

    One minus the correlation, plus the squared logarithm of the ratio of deviations. ``floor`` is added to
    the deviations, so that what stands still in both counts little.
    """
    weight_BT1 = valid_BT[..., None].float()
    count_B11 = weight_BT1.sum(1, keepdim=True).clamp_min(1)

    def centred(x_BTA: Tensor) -> Tensor:
        return (x_BTA - (x_BTA * weight_BT1).sum(1, keepdim=True) / count_B11) * weight_BT1

    told_BTA, true_BTA = centred(told_BTA), centred(true_BTA)
    count_B1 = count_B11[:, 0]
    told_BA, true_BA = (
        (x_BTA.square().sum(1) / count_B1 + floor**2).sqrt() for x_BTA in (told_BTA, true_BTA)
    )
    shared_BA = (told_BTA * true_BTA).sum(1) / count_B1 + floor**2
    unlike_BA = 1 - shared_BA / (told_BA * true_BA) + (told_BA / true_BA).log().square()
    return (unlike_BA * (true_BA > 2 * floor)).mean()
