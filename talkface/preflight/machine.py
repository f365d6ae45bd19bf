"""Disk, memory, ffmpeg and GPU of the machine that the check runs on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from talkface.config import Config
from talkface.media.program import NoProgramError, encoders
from talkface.preflight.estimate import MEASURED
from talkface.preflight.jobs import Job

_MB = 1_000_000
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def folders(config: Config) -> dict[str, Path]:
    """Where jobs write: the estimate's name of the place -> the folder."""
    places = {"results": Path("results"), "work": Path("work"), "tmp": Path(tempfile.gettempdir())}
    if config.corpus.synthetic is not None:
        places["corpus"] = config.corpus.root.expanduser()
    return places


def disk_problems(places: Mapping[str, Path], needed: Mapping[str, int], margin: float) -> list[str]:
    """A line for each folder that cannot be written to and each file system that is too small."""
    problems, asked = [], dict[int, list[str]]()
    for name, folder in places.items():
        there = _existing(folder)
        if not there.is_dir() or not os.access(there, os.W_OK):
            problems.append(f"{name}: {str(there)!r} cannot be written to: change its permissions or mount")
        asked.setdefault(there.stat().st_dev, []).append(name)
    for names in asked.values():
        bytes_asked = margin * sum(needed.get(name, 0) for name in names)
        folder = _existing(places[names[0]])
        free = shutil.disk_usage(folder).free
        if free < bytes_asked:
            ways = ["start from a folder on a larger disk"] if names != ["tmp"] else []
            ways += ["set TMPDIR to a folder with more"] if "tmp" in names else []
            problems.append(
                f"{', '.join(names)}: {gigabytes(free)} are free on the disk of {str(folder.resolve())!r}; "
                f"about {gigabytes(bytes_asked)} will be written (estimate x preflight.disk_margin "
                f"{margin:g}): make room, or {', or '.join(ways)}"
            )
    return problems


def temporary_warnings() -> list[str]:
    """A line where TMPDIR names a folder that cannot be used, and temporary files go elsewhere."""
    named, used = os.environ.get("TMPDIR"), tempfile.gettempdir()
    if not named or Path(named).resolve() == Path(used).resolve():
        return []
    return [f"TMPDIR: {named!r} cannot be written to, so temporary files go to {used!r}"]


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def memory_mb() -> int:
    """Memory of this machine, or of the control group that this process may use, in MB."""
    total = psutil.virtual_memory().total
    for name in _CGROUP_LIMITS:
        try:
            total = min(total, int(Path(name).read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return total // _MB


def memory_complaints(jobs: Sequence[Job], present_mb: int) -> tuple[list[str], list[str]]:
    """Problems and warnings: requests are ceilings, so only what no run managed with is a problem."""
    least = MEASURED["memory_mb"]
    if present_mb < least:
        return [f"memory: this machine has {present_mb} MB, jobs peak at {least} MB: use a larger one"], []
    largest = max(jobs, key=lambda job: job.mem_mb, default=None)
    if largest is None or largest.mem_mb <= present_mb:
        return [], []
    return [], [
        f"memory: rule {largest.rule} asks for up to {largest.mem_mb} MB, this machine has {present_mb} MB"
    ]


def ffmpeg_problems() -> list[str]:
    """One line where no ffmpeg starts, or where it cannot write H.264."""
    try:
        if encoders() & {"libx264", "libopenh264", "h264_videotoolbox"}:
            return []
    except NoProgramError as error:
        return [f"ffmpeg: {error}"]
    return ["ffmpeg: has no encoder for H.264: install a full build (apt-get install ffmpeg)"]


@dataclass(frozen=True)
class Device:
    """What networks will run on."""

    name: str
    gpu: bool


def device_problems(config: Config) -> tuple[Device, list[str]]:
    """What networks will run on, and what is wrong with that; imports torch only where a GPU may be used."""
    processor = Device(f"{config.compute.threads} CPU thread(s)", gpu=False)
    wanted = config.compute.device
    if wanted == "cpu" or (wanted == "auto" and shutil.which("nvidia-smi") is None):
        return processor, []
    import torch

    if not torch.cuda.is_available():
        if wanted == "auto":
            return processor, []
        return Device("none", gpu=False), [
            "compute.device: 'cuda' was requested but torch finds no CUDA device: use a machine with a GPU "
            "and a torch for it, or set 'auto' or 'cpu'"
        ]
    least = config.preflight.gpu_memory_mb
    least = MEASURED["gpu_memory_mb"] if least is None else least
    properties = torch.cuda.get_device_properties(0)
    present = properties.total_memory // _MB
    if present < least:
        return Device(properties.name, gpu=True), [
            f"compute.device: {properties.name} has {present} MB of memory, {least} MB are required: use a "
            "larger one, smaller training.batch_size, or lower preflight.gpu_memory_mb"
        ]
    return Device(f"{properties.name}, {present} MB", gpu=True), []


def gigabytes(count: float) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
