"""Where the server listens; light, so that a port in use is told before networks are loaded."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys


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
