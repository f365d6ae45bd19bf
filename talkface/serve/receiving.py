"""Takes in what a browser sends: bytes of bounded number, within bounded time."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.requests import Request

from talkface.serve.limits import RefusalError

_SECONDS = 180.0
_JSON_BYTES = 32_768
_HEARD_OUT = 2
"""Times the limit: so much of what is too large is read and thrown away, since a browser that may not finish
sending shows no answer."""


async def receive_file(request: Request, target: Path, most_bytes: int, what: str) -> None:
    """Write the body of a request into a file.

    Raises:
        RefusalError: too large, empty, or too slow.
    """
    told = request.headers.get("content-length", "")
    refused = told.isdecimal() and len(told) < 20 and int(told) > most_bytes
    count = 0
    try:
        async with asyncio.timeout(_SECONDS):
            with target.open("wb") as file:
                async for piece in request.stream():
                    count += len(piece)
                    if count > most_bytes:
                        refused = True
                        if count > _HEARD_OUT * most_bytes:
                            break
                    elif not refused:
                        file.write(piece)
    except TimeoutError:
        raise RefusalError(
            408, f"the {what} took longer than {_SECONDS:.0f} s to arrive; send a smaller one"
        ) from None
    if refused:
        raise RefusalError(413, f"the {what} has more than {most_bytes / 1e6:g} MB; give a smaller file")
    if not count:
        raise RefusalError(422, f"the {what} is empty: 0 bytes; give another file")


async def receive_json(request: Request) -> Any:
    """The body of a request as plain values.

    Raises:
        RefusalError: too large, too slow, or not JSON.
    """
    content = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for piece in request.stream():
                content += piece
                if len(content) > _JSON_BYTES:
                    raise RefusalError(413, f"more than {_JSON_BYTES} bytes of JSON; send less")
    except TimeoutError:
        raise RefusalError(408, "the request took too long to arrive; send it again") from None
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError):
        raise RefusalError(400, "the request is not JSON in UTF-8; send what docs/command.md says") from None
