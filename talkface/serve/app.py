"""The server's addresses: the page, photos and sounds that are sent, films that are asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from talkface.animation.animator import Animator
from talkface.animation.steering import check_factors
from talkface.serve.about import about, card
from talkface.serve.checking import Checked, check_photo, check_sound, check_text
from talkface.serve.curves import curves_csv, curves_json
from talkface.serve.films import Films, Job
from talkface.serve.guard import Guard
from talkface.serve.limits import MOST_LETTERS, Limits, RefusalError
from talkface.serve.receiving import receive_file, receive_json
from talkface.serve.store import Kept, Kind, Store

logger = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("page")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_SWEEP_S = 15.0
_RECEIVED_AT_ONCE = 8
"""Files that arrive beside one another; further ones wait."""
_NO_ROOM_S = 10

Result = TypeVar("Result")
Name = Annotated[str, Field(max_length=64)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class FilmWish(_Strict):
    """What a film is to be made of."""

    photo: Name
    sound: Name
    au: dict[Annotated[str, Field(max_length=8)], float] = Field(default_factory=dict, max_length=5)
    label: bool = True
    consent: Literal[True]


class TextWish(_Strict):
    """What is to be spoken."""

    text: Annotated[str, Field(max_length=MOST_LETTERS)]
    voice: Annotated[str, Field(max_length=32)]


class Service:
    """What answers the requests of one page."""

    def __init__(self, animator: Animator, limits: Limits):
        self._animator, self._limits = animator, limits
        self._store = Store(limits)
        self._films = Films(animator, self._store, limits)
        # One file is looked at after the other, so that memory is bounded by the largest.
        self._looking = anyio.CapacityLimiter(1)
        self._receiving = asyncio.Semaphore(_RECEIVED_AT_ONCE)
        self._pages = {path.name: path.read_bytes() for path in PAGE.iterdir() if path.suffix in _TYPES}

    @asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Films are made within this context; at its end all that was kept is deleted."""
        self._films.start()
        sweeping = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeping.cancel()
            await anyio.to_thread.run_sync(self._films.close)
            self._store.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._store.sweep()
            self._films.sweep()

    def routes(self) -> list[Route]:
        """Every address."""
        return [
            Route("/", self.page),
            Route("/page/{name}", self.page),
            Route("/api/about", self.about),
            Route("/api/card", self.card),
            Route("/api/photos", self.add_photo, methods=["POST"]),
            Route("/api/sounds", self.add_sound, methods=["POST"]),
            Route("/api/texts", self.add_text, methods=["POST"]),
            Route("/api/sounds/{id}", self.sound),
            Route("/api/films", self.add_film, methods=["POST"]),
            Route("/api/films/{id}", self.film),
            Route("/api/films/{id}", self.cancel_film, methods=["DELETE"]),
            Route("/api/films/{id}/film.mp4", self.film_file),
            Route("/api/films/{id}/curves.json", self.curves),
            Route("/api/films/{id}/curves.csv", self.curves_file),
        ]

    async def page(self, request: Request) -> Response:
        """The page and its files; nothing else is read from disk."""
        name = request.path_params.get("name", "index.html")
        content = self._pages.get(name)
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type=_TYPES[Path(name).suffix])

    async def about(self, _request: Request) -> Response:
        """Model, limits, voices."""
        told = await anyio.to_thread.run_sync(about, self._animator, self._limits)
        return JSONResponse(told)

    async def card(self, _request: Request) -> Response:
        """The model card."""
        text = card(self._animator)
        if text is None:
            raise RefusalError(404, "this model is an experiment's own and has no card; see its report")
        return PlainTextResponse(text)

    async def add_photo(self, request: Request) -> Response:
        """Take in a photo: the request's body is the file."""
        check = partial(check_photo, store=self._store, model=self._animator.model, limits=self._limits)
        found = await self._received(request, self._limits.photo_bytes, "photo", check)
        return _created(found, width=found.width, height=found.height)

    async def add_sound(self, request: Request) -> Response:
        """Take in a sound: the request's body is the file."""
        check = partial(check_sound, store=self._store, limits=self._limits)
        found = await self._received(request, self._limits.sound_bytes, "sound", check)
        return _created(found, seconds=found.seconds)

    async def add_text(self, request: Request) -> Response:
        """Speak a text."""
        wish = _wish(TextWish, await receive_json(request))
        if not wish.text.strip():
            raise RefusalError(422, "the text is empty; write what is to be said")
        found = await self._looked(check_text, wish.text, wish.voice, self._store, self._limits)
        return _created(found, seconds=found.seconds)

    async def _received(
        self, request: Request, most_bytes: int, what: str, check: Callable[[Path], Checked]
    ) -> Checked:
        with self._store.scratch(".sent") as sent:
            async with self._receiving:
                await receive_file(request, sent, most_bytes, what)
            return await self._looked(check, sent)

    async def _looked(self, function: Callable[..., Result], *given: object) -> Result:
        """Run a function beside the server, one at a time."""
        return await anyio.to_thread.run_sync(partial(function, *given), limiter=self._looking)

    async def sound(self, request: Request) -> Response:
        """A sound that was kept."""
        return FileResponse(self._kept("sound", request.path_params["id"]).path, media_type="audio/wav")

    async def add_film(self, request: Request) -> Response:
        """Ask for a film."""
        wish = _wish(FilmWish, await receive_json(request))
        try:
            au = check_factors(wish.au)
        except ValueError as error:
            raise RefusalError(422, str(error).removeprefix("--au ")) from error
        if au and not await anyio.to_thread.run_sync(lambda: self._animator.steered):
            raise RefusalError(422, "this model is not driven by action units; leave them as they are")
        job = Job(self._kept("photo", wish.photo), self._kept("sound", wish.sound), au, wish.label)
        return JSONResponse(self._films.told(self._films.add(job)), 202)

    async def film(self, request: Request) -> Response:
        """How far a film is."""
        return JSONResponse(self._films.told(self._job(request)))

    async def cancel_film(self, request: Request) -> Response:
        """A film is not wanted any more."""
        job = self._job(request)
        self._films.cancel(job)
        return JSONResponse(self._films.told(job))

    async def film_file(self, request: Request) -> Response:
        """A finished film; a part of it where the browser asks for one."""
        job = self._finished(request)
        assert job.film is not None
        kept = self._kept("film", job.film.id)
        return FileResponse(kept.path, media_type="video/mp4")

    async def curves(self, request: Request) -> Response:
        """The action units of a finished film."""
        return JSONResponse(curves_json(self._finished(request)))

    async def curves_file(self, request: Request) -> Response:
        """The same as a file that ``talkface generate --au-curve`` reads."""
        headers = {"content-disposition": 'attachment; filename="curves.csv"'}
        return Response(curves_csv(self._finished(request)), media_type="text/csv", headers=headers)

    def _job(self, request: Request) -> Job:
        job = self._films.find(request.path_params["id"])
        if job is None:
            raise RefusalError(404, "no such film, or it is no longer kept; make it again")
        return job

    def _finished(self, request: Request) -> Job:
        job = self._job(request)
        if job.state != "done":
            raise RefusalError(409, f"the film is {job.state}; wait until it is done")
        return job

    def _kept(self, kind: Kind, name: str) -> Kept:
        kept = self._store.find(kind, name)
        if kept is None:
            raise RefusalError(404, f"no such {kind}, or it is no longer kept; send it again")
        return kept


Wish = TypeVar("Wish", bound=_Strict)


def _wish(kind: type[Wish], content: object) -> Wish:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "the request"
        if field == "consent":
            raise RefusalError(
                422, "consent: the people in photo and sound have to agree; say so first"
            ) from None
        raise RefusalError(422, f"{field[:80]}: {problem['msg']}") from None


def _created(found: Checked, **facts: float) -> Response:
    return JSONResponse({"id": found.kept.id, "notes": found.notes, **facts}, 201)


def make_app(
    animator: Animator, limits: Limits, *, loopback: bool = True, names: Iterable[str] = ()
) -> Starlette:
    """The server as an ASGI application.

    Args:
        animator: makes the films.
        limits: what is taken.
        loopback: see ``Guard``.
        names: see ``Guard``.
    """
    service = Service(animator, limits)
    lifespan: Lifespan[Starlette] = service.running
    return Starlette(
        routes=service.routes(),
        lifespan=lifespan,
        middleware=[Middleware(Guard, loopback=loopback, names=tuple(names))],
        exception_handlers={
            RefusalError: _refused, HTTPException: _wrong, ClientDisconnect: _left, OSError: _failed,
            Exception: _defect,
        },
    )  # fmt: skip


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    headers = {} if error.retry_s is None else {"retry-after": str(error.retry_s)}
    return JSONResponse({"error": str(error)}, error.status, headers=headers)


async def _wrong(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": f"{error.detail}; open the page at /"}, error.status_code)


async def _left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _failed(_request: Request, error: Exception) -> Response:
    logger.error("%s", error)
    message = "the server's disk or memory does not suffice; its terminal tells which; try again later"
    return JSONResponse({"error": message}, 503, headers={"retry-after": str(_NO_ROOM_S)})


async def _defect(_request: Request, error: Exception) -> Response:
    logger.error("a request was not answered", exc_info=error)
    return JSONResponse({"error": "a defect of talkface; its terminal tells what happened"}, 500)
