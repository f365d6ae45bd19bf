"""Lossless images as bytes, for the tables."""

from __future__ import annotations

import cv2
import numpy as np

# Huffman codes alone: for pictures of this size quicker and no larger than the default search for repeats.
_QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]


def encode_png(image: np.ndarray) -> bytes:
    """Encode an RGB image (height x width x 3, uint8) without loss; quick rather than smallest."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"an image must be uint8, height x width x 3, not {image.dtype} {image.shape}")
    done, content = cv2.imencode(".png", image[..., ::-1], _QUICK)
    assert done, "the PNG encoder refused an image"
    return content.tobytes()


def decode_png(content: bytes) -> np.ndarray:
    """Decode bytes of :func:`encode_png` to RGB (height x width x 3, uint8)."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if image is None:
        raise ValueError("not an image: the bytes of a frame cannot be decoded")
    return np.ascontiguousarray(image[..., ::-1])
