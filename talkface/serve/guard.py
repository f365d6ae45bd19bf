"""Keeps other web pages away from the server, and the page away from other hosts.

A page of another site that is open in the same browser can send requests to this machine. It is told apart by
the host that it names (DNS rebinding) and by a header that only scripts of our own page may set (CSRF).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_HEADER = "x-talkface"
"""Requests that change something carry it, with any value."""
_READING = ("GET", "HEAD")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=()",
    "cache-control": "no-store",
}


class Guard:
    """A layer around an application (ASGI).

    Args:
        app: what it guards.
        loopback: the server listens on this machine's own address alone; no other host is named then.
        names: further names of this machine under which the page may be reached.
    """

    def __init__(self, app: ASGIApp, *, loopback: bool, names: Iterable[str] = ()):
        self._app, self._loopback = app, loopback
        self._names = {"localhost", *(name.lower().rstrip(".") for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        reason = self._against(scope["method"], Headers(scope=scope))
        app = self._app if reason is None else JSONResponse({"error": reason}, 403)
        await app(scope, receive, send_with_headers)

    def _against(self, method: str, headers: Headers) -> str | None:
        """Why a request is not let in; None: it is."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return "this host name is not one of talkface serve; start it with --name NAME to allow it"
        if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site") and not _opens_page(headers):
            return "requests of other web pages are not taken; use the page of talkface serve"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != hosts[0].lower():
            return "requests of other web pages are not taken; use the page of talkface serve"
        if method not in _READING and OWN_HEADER not in headers:
            return "the header X-Talkface is missing; send it with any value"
        return None

    def _is_own(self, host: str) -> bool:
        """A name that is known, or an address: no other site's name leads to one of these."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            urlsplit(f"//{host}").port  # noqa: B018 - raises for what is no number
        except ValueError:
            return False
        if name.rstrip(".") in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._loopback


def _opens_page(headers: Headers) -> bool:
    """Somebody follows a link to the page."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
