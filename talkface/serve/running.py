"""Runs the server until it is interrupted."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import sys
import webbrowser
from collections.abc import Iterable
from contextlib import suppress

import uvicorn

from talkface.animation.animator import Animator
from talkface.features.bundle import checked
from talkface.serve.app import make_app
from talkface.serve.limits import Limits

_CONNECTIONS = 512
_IDLE_S = 20
_END_S = 3


class PortError(ValueError):
    """The address cannot be listened at; the message names the remedy."""


def listen(host: str, port: int) -> socket.socket:
    """Open a socket; port 0: any free one.

    Raises:
        PortError: the port is in use or not allowed, or the host is not an address of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        opened = socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise PortError(
            f"--host {host} --port {port}: {what}; choose another port (0: any free one), or an address of "
            "this machine"
        ) from error
    opened.set_inheritable(False)
    return opened


def is_loopback(listening: socket.socket) -> bool:
    """Whether this machine alone can reach the socket."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def address_of(listening: socket.socket) -> str:
    """The page's address, for a browser on this machine."""
    own = ipaddress.ip_address(listening.getsockname()[0])
    if own.is_unspecified:
        own = ipaddress.ip_address("127.0.0.1" if own.version == 4 else "::1")
    return f"http://{f'[{own}]' if own.version == 6 else own}:{listening.getsockname()[1]}/"


def can_show_pages() -> bool:
    """Whether this session has a screen on which a browser could open."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


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
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    if open_page:
        webbrowser.open(address_of(listening))  # the socket takes connections already
    with suppress(KeyboardInterrupt):  # uvicorn ends in order, then repeats the signal: so a server ends
        uvicorn.Server(config).run(sockets=[listening])
