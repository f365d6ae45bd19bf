"""Aligned crops of many clips by one running index: decoded once into a scratch file, or read on demand.

Shape legend: N images, H and W of the crop.
"""

from __future__ import annotations

import logging
import os
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import torch

from talkface.artifacts.atomic import UnwritableError, remedy_of
from talkface.artifacts.schemas import FACES
from talkface.artifacts.tables import ClipTable, TableError
from talkface.data.rows import starts
from talkface.media.images import decode_png
from talkface.runtime.logs import progress

logger = logging.getLogger(__name__)

_SCRATCH_GB = 3.0
_KEPT_BYTES = 64 << 20  # of encoded clips, when the decoded ones do not fit
_DECODERS = 4


class Frames:
    """The frames of the named clips, in the clips' order: ``frames.images([3, 70])`` is uint8 [2, H, W, 3].

    No more is held in memory than what is asked for, however many the clips. ``lengths`` are the clips and
    how many frames each has to have (``talkface.data.subsets.clip_lengths``). The scratch file has no name
    and goes with the process; it lies in ``scratch``, or where temporary files do, and is made only where it
    stays within ``budget_bytes``: by default TALKFACE_SCRATCH_GB of the environment, or 3 GB.
    """

    def __init__(
        self,
        faces: Iterable[Path],
        lengths: Mapping[str, int],
        crop_size: int,
        budget_bytes: int | None = None,
        scratch: Path | None = None,
    ):
        self.clips = list(lengths)
        self._home = {
            clip: table for table in (ClipTable(path, FACES) for path in faces) for clip in table.clips
        }
        lost = [clip for clip in self.clips if clip not in self._home]
        if lost:
            raise TableError(f"no faces for {len(lost)} clips, for example '{lost[0]}'")
        self._ends = np.cumsum([lengths[clip] for clip in self.clips])
        self._begin = starts(lengths)
        self._lengths = dict(lengths)
        self._size = crop_size
        self._encoded: OrderedDict[str, pa.ChunkedArray] = OrderedDict()
        self._encoded_bytes = 0
        self._decoded: IO[bytes] | None = None
        budget_bytes = scratch_bytes() if budget_bytes is None else budget_bytes
        if len(self) * crop_size**2 * 3 <= budget_bytes:
            self._decoded = self._decode_all(scratch)
        else:
            logger.info("%d frames do not fit %d MB: read on demand", len(self), budget_bytes >> 20)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def locate(self, index: int) -> tuple[str, int]:
        """Clip and frame of a running index."""
        position = int(np.searchsorted(self._ends, index, side="right"))
        clip = self.clips[position]
        return clip, index - int(self._begin[clip])

    def of_clip(self, clip: str, frames_T: np.ndarray) -> np.ndarray:
        """The images of a clip's frames, uint8 [T, H, W, 3]."""
        return self.images(self._begin[clip] + frames_T)

    def images(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """The images of running indices, uint8 [N, H, W, 3]."""
        if self._decoded is not None:
            return self._from_scratch(self._decoded.fileno(), np.asarray(indices))
        encoded = []
        for index in indices:
            clip, frame = self.locate(index)
            encoded.append((clip, self._clip(clip)[frame].as_py()))
        with _decoders() as pool:
            return np.stack(list(pool.map(self._decode, encoded)))

    def _decode_all(self, scratch: Path | None) -> IO[bytes]:
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        folder = scratch or Path(tempfile.gettempdir())
        try:
            decoded = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as its owner
            weakref.finalize(self, decoded.close)
            with _decoders() as pool:
                for clip in progress(self.clips, len(self.clips), "clips decoded"):
                    contents = [(clip, content) for content in self._read(clip).to_pylist()]
                    for image_HW3 in pool.map(self._decode, contents):
                        decoded.write(image_HW3.data)
            decoded.flush()
        except OSError as error:
            if remedy_of(error) is None:
                raise
            needed = len(self) * self._size**2 * 3
            raise UnwritableError(
                f"{folder}: the decoded frames, {needed / 1e6:.1f} MB, cannot be kept there "
                f"({error.strerror}): make room{'' if scratch else ', set TMPDIR to a folder with more'}, or "
                "set TALKFACE_SCRATCH_GB=0 to decode them when they are needed (slower), and run again"
            ) from error
        return decoded

    def _from_scratch(self, file: int, indices_N: np.ndarray) -> np.ndarray:
        images_NHW3 = np.empty((len(indices_N), self._size, self._size, 3), np.uint8)
        for image_HW3, index in zip(images_NHW3, indices_N.tolist(), strict=True):
            if os.preadv(file, [image_HW3.data], index * image_HW3.nbytes) != image_HW3.nbytes:
                raise OSError(f"the scratch file of decoded crops ends before frame {index}")
        return images_NHW3

    def _decode(self, content: tuple[str, bytes]) -> np.ndarray:
        image = decode_png(content[1])
        if image.shape != (self._size, self._size, 3):
            raise TableError(
                f"clip '{content[0]}': crops are {image.shape[:2]}, not {self._size} px: crop them again"
            )
        return np.ascontiguousarray(image)

    def _clip(self, clip: str) -> pa.ChunkedArray:
        if clip in self._encoded:
            self._encoded.move_to_end(clip)
            return self._encoded[clip]
        content = self._encoded[clip] = self._read(clip)
        self._encoded_bytes += content.nbytes
        while self._encoded_bytes > _KEPT_BYTES and len(self._encoded) > 1:
            _, oldest = self._encoded.popitem(last=False)
            self._encoded_bytes -= oldest.nbytes
        return content

    def _read(self, clip: str) -> pa.ChunkedArray:
        content = self._home[clip].read(clip, columns=["image"])["image"]
        if len(content) != self._lengths[clip]:
            raise TableError(f"clip '{clip}': {len(content)} crops for {self._lengths[clip]} frames")
        return content


def _decoders() -> ThreadPoolExecutor:
    """Threads for one call, since they don't go along when a process forks; the PNG decoder works outside
    the interpreter's lock."""
    return ThreadPoolExecutor(_DECODERS)


def scratch_bytes() -> int:
    """How large a scratch file may become: a property of the machine, which changes no result.

    Raises ``ValueError`` where TALKFACE_SCRATCH_GB is no number.
    """
    named = os.environ.get("TALKFACE_SCRATCH_GB", _SCRATCH_GB)
    try:
        return int(float(named) * 2**30)
    except ValueError:
        raise ValueError(f"TALKFACE_SCRATCH_GB={named}: a number of gigabytes, such as 80") from None


def to_tensor(images_NHW3: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """uint8 images [N, H, W, 3] -> float [N, 3, H, W] in [-1, 1]."""
    return to_pictures(torch.from_numpy(images_NHW3).to(device))


def to_pictures(images_NHW3: torch.Tensor) -> torch.Tensor:
    """uint8 images [N, H, W, 3] -> float [N, 3, H, W] in [-1, 1], on the images' device."""
    return images_NHW3.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0).contiguous()


def to_images(x_N3HW: torch.Tensor) -> np.ndarray:
    """float images [N, 3, H, W] in [-1, 1] -> uint8 [N, H, W, 3], rounded and clipped."""
    scaled = x_N3HW.detach().float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
