"""Fixed regions of the aligned crop. The alignment template puts the mouth at one place in every crop."""

_REFERENCE = 112
_MOUTH = (62, 104, 28, 84)


def mouth_box(crop_size: int) -> tuple[int, int, int, int]:
    """Rows and columns ``(top, bottom, left, right)`` of the mouth region, end exclusive, in crop pixels."""
    top, bottom, left, right = (round(value * crop_size / _REFERENCE) for value in _MOUTH)
    return top, bottom, left, right


def lower_half(crop_size: int) -> int:
    """First row that the masked face hides: nose tip and below."""
    return crop_size // 2
