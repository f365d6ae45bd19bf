"""Runs the server until it is interrupted."""

from __future__ import annotations

import logging
import socket
import webbrowser
from collections.abc import Iterable
from contextlib import suppress

import uvicorn

from talkface.animation.animator import Animator
from talkface.features.bundle import checked
from talkface.serve.app import make_app
from talkface.serve.limits import Limits
from talkface.serve.listening import address_of, is_loopback

_CONNECTIONS = 512
_IDLE_S = 20
_END_S = 3


def make_ready(animator: Animator) -> None:
    """Load the networks and look for the models that find faces, before anybody waits for them.

    Raises:
        ValueError: one of them is missing or damaged.
    """
    faces = animator.model.faces
    checked(faces.landmarker, faces.landmarker_sha256)
    _ = animator.steered


def run(
    animator: Animator,
    limits: Limits,
    listening: socket.socket,
    *,
    names: Iterable[str] = (),
    open_page: bool = False,
) -> None:
    """Serve the page until SIGINT or SIGTERM; then everything that it kept is deleted."""
    app = make_app(animator, limits, loopback=is_loopback(listening), names=names)
    config = uvicorn.Config(
        app, http="h11", ws="none", loop="asyncio", lifespan="on", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_S, timeout_graceful_shutdown=_END_S,
    )  # fmt: skip
    _log_defects_alone()
    if open_page:
        webbrowser.open(address_of(listening))  # the socket takes connections already
    with suppress(KeyboardInterrupt):  # uvicorn ends in order, then repeats the signal: so a server ends
        uvicorn.Server(config).run(sockets=[listening])


def _log_defects_alone() -> None:
    """Warnings about photos and sounds are for those who sent them; the terminal has errors, with traces."""
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    own, terminal = logging.getLogger("talkface"), logging.StreamHandler()
    terminal.setLevel(logging.ERROR)
    own.addHandler(terminal)
    own.propagate = False
