"""``talkface serve``: a page on this machine that makes a photo speak."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from talkface.cli.ending import Code, fail, told
from talkface.cli.face_models import fetch_missing_face_models
from talkface.cli.generate import Device
from talkface.cli.progress import doing, say

_MB = 1_000_000


def serve(
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", "-m", help="Bundle, or folder of a finished experiment. Default: the package's bundle."
        ),
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Of an experiment. Default: the first that its config names.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where networks run.")] = Device.auto,
    host: Annotated[
        str, typer.Option(help="Address to listen at. With another than 127.0.0.1 others can reach the page.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
    name: Annotated[
        list[str] | None,
        typer.Option(help="Host name under which the page may be opened, beside addresses. Repeatable."),
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser, where there is a screen.")
    ] = True,
    max_photo_mb: Annotated[float, typer.Option(min=0.01, help="Largest file of a photo.")] = 20,
    max_sound_mb: Annotated[float, typer.Option(min=0.01, help="Largest file of a sound or film.")] = 50,
    max_seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="Longest sound.")] = 60,
    max_queue: Annotated[int, typer.Option(min=1, max=1000, help="Films that may wait.")] = 32,
    photo_px: Annotated[
        int, typer.Option(min=128, max=4096, help="Longer side of the film: larger photos are made smaller.")
    ] = 1280,
    keep_minutes: Annotated[
        float, typer.Option(min=1, help="How long photos, sounds and films are kept after their last use.")
    ] = 30,
) -> None:
    """Open a [bold]page[/bold] that makes a photo speak, on this machine.

    Photo by file or camera, sound by file, microphone or text (where espeak-ng is installed). Films are
    those of [bold]talkface generate[/bold]. Nothing leaves the machine; files are deleted when the command
    ends.

    [bold]Examples[/bold]

    talkface serve

    talkface serve --model results/demo/demo --variant warp --port 9000

    talkface serve --no-open --max-seconds 20  [dim]# no browser; short sounds[/dim]

    ssh -L 8765:127.0.0.1:8765 server talkface serve  [dim]# on a server, opened at home[/dim]
    """
    with told():
        with doing("loading"):
            from talkface.serve.limits import Limits
            from talkface.serve.listening import PortError, address_of, can_show_pages, is_loopback, listen

            limits = Limits(
                photo_bytes=int(max_photo_mb * _MB),
                sound_bytes=int(max_sound_mb * _MB),
                sound_seconds=max_seconds,
                queue=max_queue,
                photo_px=photo_px,
                keep_s=60 * keep_minutes,
            )
            try:
                listening = listen(host, port)
            except PortError as error:
                fail(str(error), Code.MACHINE)
            from talkface.animation.animator import open_animator
            from talkface.serve.running import make_ready, run

            animator = open_animator(model, variant=variant, device=device.value)
        fetch_missing_face_models(animator.model.landmarker)
        with doing("loading"):
            make_ready(animator)
        if not is_loopback(listening):
            say(
                f"warning: --host {host}: everybody who can reach this machine can use the page. It asks for "
                "no password and does not encrypt: use it in a network that you trust, or leave --host out "
                "and open the page through ssh -L"
            )
        typer.echo(f"{address_of(listening)}  ({animator.model.name}; Ctrl-C ends it)")
        run(animator, limits, listening, names=name or (), open_page=open_page and can_show_pages())
        say("ended; photos, sounds and films of the page were deleted")
