"""The films of a page: a bounded queue, and one thread that makes them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from talkface.animation.animator import Animator
from talkface.animation.film import Film
from talkface.animation.steering import Noted
from talkface.media.images import decode_png
from talkface.serve.limits import Limits, RefusalError
from talkface.serve.notes import noted
from talkface.serve.store import Kept, Store, new_id

logger = logging.getLogger(__name__)

State = Literal["waiting", "working", "done", "failed", "cancelled"]
_ENDED = ("done", "failed", "cancelled")
_RETRY_S = 30
_MOST_ENDED = 1000


class _StopError(Exception):
    """The film is not wanted any more."""


@dataclass(eq=False)
class Job:
    """A film that somebody asked for."""

    photo: Kept
    sound: Kept
    au: Mapping[str, float]
    """Action unit -> factor on what the sound asks of it."""
    label: bool
    id: str = field(default_factory=new_id)
    state: State = "waiting"
    message: str = ""
    """Why it failed."""
    notes: list[str] = field(default_factory=list)
    """What speaks against the film."""
    num_frames: int = 0
    done: int = 0
    size: tuple[int, int] = (0, 0)
    """Width and height of the film, pixels."""
    fps: int = 25
    began: float = 0.0
    """When the face was found and the frames were begun."""
    used: float = field(default_factory=time.monotonic)
    film: Kept | None = None
    curves: Noted = field(default_factory=Noted)
    stop: threading.Event = field(default_factory=threading.Event)

    def rate(self) -> float:
        """Frames a second; 0 while that is unknown."""
        span = time.monotonic() - self.began
        return self.done / span if self.done and span > 0 else 0.0


class Films:
    """Takes wishes for films and makes one after the other; methods may be called from any thread."""

    def __init__(self, animator: Animator, store: Store, limits: Limits):
        self._animator, self._store, self._limits = animator, store, limits
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._waiting: list[Job] = []
        self._working: Job | None = None
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="films", daemon=True)

    def start(self) -> None:
        """Begin to make films."""
        self._thread.start()

    def close(self) -> None:
        """Stop the film that is being made, and make no other."""
        with self._changed:
            self._ending = True
            for job in (*self._waiting, *filter(None, [self._working])):
                job.stop.set()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def add(self, job: Job) -> Job:
        """Put a film into the queue.

        Raises:
            RefusalError: the queue is full.
        """
        with self._changed:
            if len(self._waiting) + (self._working is not None) >= self._limits.queue:
                raise RefusalError(
                    503, f"{self._limits.queue} films wait already; try again in a while", _RETRY_S
                )
            self._store.hold(job.photo, job.sound)
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._changed.notify_all()
        return job

    def find(self, name: str) -> Job | None:
        """The job of that name, which counts as used now."""
        with self._changed:
            job = self._jobs.get(name)
            if job is not None:
                job.used = time.monotonic()
            return job

    def cancel(self, job: Job) -> None:
        """A film that waits or is being made is not wanted any more."""
        with self._changed:
            job.stop.set()
            if job in self._waiting:
                self._waiting.remove(job)
                job.state = "cancelled"
                self._store.release(job.photo, job.sound)

    def told(self, job: Job) -> dict[str, Any]:
        """What the page is told of a job."""
        with self._changed:
            place = self._waiting.index(job) + (self._working is not None) if job in self._waiting else 0
            rate = job.rate()
            known = job.state == "working" and rate > 0
            return {
                "id": job.id,
                "state": job.state,
                "message": job.message,
                "notes": list(dict.fromkeys(job.notes)),
                "before": place,
                "frames": job.num_frames,
                "done": job.done,
                "seconds": round(job.num_frames / job.fps, 3),
                "width": job.size[0],
                "height": job.size[1],
                "frames_per_second": round(rate, 1) if job.state == "working" else None,
                "remaining_s": round((job.num_frames - job.done) / rate, 1) if known else None,
                "au": dict(job.au),
                "label": job.label,
            }

    def sweep(self) -> None:
        """Forget jobs that ended long ago, and those whose film is no longer kept."""
        now = time.monotonic()
        with self._changed:
            ended = [job for job in self._jobs.values() if job.state in _ENDED]
            ended.sort(key=lambda job: job.used)
            for place, job in enumerate(ended):
                gone = job.film is not None and not job.film.path.exists()
                if gone or now - job.used > self._limits.keep_s or place < len(ended) - _MOST_ENDED:
                    del self._jobs[job.id]

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._ending:
                    self._changed.wait()
                if self._ending:
                    return
                job = self._working = self._waiting.pop(0)
                job.state = "working"
            state, message = self._made(job)
            with self._changed:
                job.state, job.message, self._working = state, message, None
                self._store.release(job.photo, job.sound)

    def _made(self, job: Job) -> tuple[State, str]:
        """Make a film; how that ended, and why it failed."""
        try:
            with noted() as job.notes:
                self._make(job)
        except _StopError:
            return "cancelled", ""
        except (ValueError, OSError) as error:
            return "failed", " ".join(str(error).replace(str(self._store.folder), "").split())
        except Exception:  # the next one's film is not this one's fault
            logger.exception("a film was not made")
            return "failed", "a defect of talkface: its terminal tells what happened"
        return "done", ""

    def _make(self, job: Job) -> None:
        film = self._animator.animate(
            decode_png(job.photo.path.read_bytes()),
            job.sound.path,
            au=job.au,
            label=job.label,
            noted=job.curves if self._animator.steered else None,
        )
        job.num_frames, job.fps, job.size = film.num_frames, film.fps, (film.width, film.height)
        job.notes[:] = [self._plain(job, note) for note in job.notes]
        self._write(film, job)

    def _write(self, film: Film, job: Job) -> None:
        def advance(count: int) -> None:
            if job.stop.is_set():
                raise _StopError
            job.done += count

        job.began = time.monotonic()
        with self._store.scratch(".mp4") as path:
            film.write(path, watch=advance)
            job.film = self._store.keep("film", path)

    @staticmethod
    def _plain(job: Job, note: str) -> str:
        for prefix in ("photo photo: ", f"sound {job.sound.path}: ", f"{str(job.sound.path)!r}: "):
            note = note.removeprefix(prefix)
        return note
