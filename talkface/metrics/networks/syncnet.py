"""SyncNet (Chung and Zisserman 2016) under the names and shapes of its authors' file ``syncnet_v2.model``.

Shapes: N windows, H and W = 224 rows and columns, E = 1024 numbers of an embedding.
"""

from __future__ import annotations

from torch import Tensor, nn

EMBEDDING = 1024


class SyncNet(nn.Module):
    """Two towers that place 0.2 s of lips and of sound where they fit: ``lips`` and ``sound``."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_sound(1, 64), nn.MaxPool2d(1, 1),
            *_sound(64, 192), nn.MaxPool2d(3, (1, 2)),
            *_sound(192, 384), *_sound(384, 256), *_sound(256, 256), nn.MaxPool2d(3, 2),
            *_sound(256, 512, (5, 4), 0),
        )  # fmt: skip
        self.netfcaud = _head()
        self.netfclip = _head()
        self.netcnnlip = nn.Sequential(
            *_lips(3, 96, (5, 7, 7), (1, 2, 2), 0), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_lips(96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1)), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_lips(256, 256, (1, 3, 3), 1, (0, 1, 1)), *_lips(256, 256, (1, 3, 3), 1, (0, 1, 1)),
            *_lips(256, 256, (1, 3, 3), 1, (0, 1, 1)), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_lips(256, 512, (1, 6, 6), 1, 0),
        )  # fmt: skip

    def sound(self, mfcc_N1CK: Tensor) -> Tensor:
        """13 cepstra of 20 hops of 10 ms ``[N, 1, 13, 20]`` -> ``[N, E]``."""
        return self.netfcaud(self.netcnnaud(mfcc_N1CK).flatten(1))

    def lips(self, frames_N35HW: Tensor) -> Tensor:
        """Five frames ``[N, 3, 5, 224, 224]``, blue first, 0 to 255 -> ``[N, E]``."""
        return self.netfclip(self.netcnnlip(frames_N35HW).flatten(1))


def _sound(
    inner: int, outer: int, kernel: tuple[int, int] = (3, 3), padding: int = 1
) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inner, outer, kernel, padding=padding), nn.BatchNorm2d(outer), nn.ReLU()


def _lips(
    inner: int,
    outer: int,
    kernel: tuple[int, int, int],
    stride: int | tuple[int, int, int],
    padding: int | tuple[int, int, int],
) -> tuple[nn.Module, ...]:
    return nn.Conv3d(inner, outer, kernel, stride, padding), nn.BatchNorm3d(outer), nn.ReLU()


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, EMBEDDING))
