"""One child process of the ffmpeg program. Nothing outside of ``talkface.media`` runs it.

Argument lists come from ffmpeg-python; nothing goes through a shell, and a path reaches the program as an
absolute ``file:`` address, so that dashes, quotes, line breaks, ``%`` or ``$(...)`` in it have no effect.
ffprobe is not needed: the ffmpeg of the imageio-ffmpeg wheel comes without it.
"""

from __future__ import annotations

import fcntl
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import ffmpeg

from talkface.media.program import executable

SQUARE_PIXELS = "scale=w='trunc(iw*max(sar,1)+0.5)':h='trunc(ih/min(sar,1)+0.5)',setsar=1"
"""Filter: pictures as wide and high as they are meant to be shown; square pixels stay to the bit."""
SILENCE_S = 60.0
"""A child that neither delivers nor ends for so long hangs."""
_PIPE_BYTES = 1 << 20
_BENIGN = re.compile(
    # the decoder found its way back at once, or speaks of streams that are not read
    r"Header missing|Could not find codec parameters for stream|deprecated pixel format"
    r"|mmco: unref short failure|number of reference frames .* exceeds max"
)
_CUT_SAMPLE = re.compile(
    # a file that ends within a sample, and the line that follows from it: all whole samples were read
    r"(?m)^.*Invalid PCM packet, data has size .*\n"
    r"(?:.*(?:Decoding error|Error while decoding|Error submitting).*\n?)?"
)
_CONTEXT = re.compile(r" @ 0x[0-9a-f]+")


class MediaError(ValueError):
    """A file that cannot be decoded or written.

    ``reason`` is a short phrase without names or numbers, fit for a column of a table; the message also
    names the file and quotes the program's first complaint.
    """

    def __init__(self, reason: str, path: str | Path, detail: str = ""):
        super().__init__(reason, str(path), detail)  # the arguments again, so that it survives pickling
        self.reason = reason
        self.path = Path(path)
        self.detail = detail

    def __str__(self) -> str:
        return f"{str(self.path)!r}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


def address(path: str | Path) -> str:
    """The address under which the program opens a file, whatever characters its name holds."""
    return f"file:{Path(path).absolute()}"


def existing(path: str | Path) -> Path:
    """The path if it is a readable file; a folder, a pipe or nothing raises ``MediaError``."""
    if not Path(path).is_file():
        raise MediaError("no such file", path)
    return Path(path)


class Child:
    """One run of the program on one file; use it in a ``with``, which leaves no process behind.

    Args:
        stream: a node of ffmpeg-python that ends in an output.
        path: the file in question, for messages.
        verbosity: ffmpeg's ``-v``.
        fed: the program reads what the caller gives to :meth:`feed`.
        silence_s: seconds without output after which it counts as hanging; None: ``SILENCE_S``.
    """

    def __init__(
        self,
        stream: Any,
        path: str | Path,
        *,
        verbosity: str = "error",
        fed: bool = False,
        silence_s: float | None = None,
    ):
        self.path = Path(path)
        self._silence_s = SILENCE_S if silence_s is None else silence_s
        # A file, not a pipe: it cannot fill up and block the child.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving the `with`
        command = [executable(), "-hide_banner", "-v", verbosity, *([] if fed else ["-nostdin"])]
        self._process = subprocess.Popen(
            command + ffmpeg.get_args(stream),
            stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            bufsize=0,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        if sys.platform == "linux":
            with suppress(OSError):  # a user's pipes have a limit in all: then it stays as it is, and slower
                fcntl.fcntl(self._output, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._input = self._process.stdin

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._output, self._input):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()
        self._complaints.close()

    def feed(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Write to its input, then close it; whether it ended early is told by :meth:`finish`."""
        assert self._input is not None, "a child that is not fed"
        with suppress(BrokenPipeError):
            for piece in pieces:
                rest = memoryview(piece).cast("B")
                while rest:
                    rest = rest[self._input.write(rest) :]
            self._input.close()

    def read(self, size: int) -> bytearray:
        """The next ``size`` bytes of its output; fewer only at the end."""
        content = bytearray(size)
        view = memoryview(content)
        filled = 0
        while filled < size:
            if not select.select([self._output], [], [], self._silence_s)[0]:
                raise MediaError("decoder hangs", self.path, f"no data for {self._silence_s:.0f} s")
            count = self._output.readinto(view[filled:])  # type: ignore[attr-defined]
            if not count:
                break
            filled += count
        view.release()
        del content[filled:]
        return content

    def read_all(self) -> bytearray:
        """Everything up to the end of its output."""
        content = bytearray()
        while piece := self.read(_PIPE_BYTES):
            content += piece
        return content

    def finish(self) -> tuple[int, str]:
        """Wait for its end; its exit status and everything it wrote to standard error."""
        deadline = time.monotonic() + self._silence_s
        try:
            status = self._process.wait(timeout=max(deadline - time.monotonic(), 1.0))
        except subprocess.TimeoutExpired:
            raise MediaError("decoder hangs", self.path, f"no end for {self._silence_s:.0f} s") from None
        self._complaints.seek(0)
        return status, self._complaints.read().decode(errors="replace")

    def finish_decoding(self, delivered: bool) -> None:
        """Wait for its end and raise ``MediaError`` unless the stream was whole.

        Args:
            delivered: whether anything was decoded; tells a damaged stream from a file that is none.
        """
        status, text = self.finish()
        text = _CUT_SAMPLE.sub("", text)
        complaints = [line for line in text.splitlines() if line.strip() and not _BENIGN.search(line)]
        if status == 0 and not complaints:
            return
        detail = _CONTEXT.sub("", complaints[0]) if complaints else f"exit status {status}"
        raise MediaError("damaged stream" if delivered else "not a readable media file", self.path, detail)
