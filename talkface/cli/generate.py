"""``talkface generate``: a film from a photo and a sound."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from talkface.cli.ending import told
from talkface.cli.face_models import fetch_missing_face_models
from talkface.cli.progress import counted, doing

AUS = ("AU10", "AU14", "AU20", "AU25", "AU26")


class Device(StrEnum):
    """Where networks run."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


def _units(incomplete: str) -> list[str]:
    return [f"{au}=" for au in AUS if au.startswith(incomplete.upper())]


def generate(
    photo: Annotated[
        Path, typer.Argument(help="Picture that shows a face from the front: PNG, JPEG, WebP ...")
    ],
    sound: Annotated[Path, typer.Argument(help="Sound or video file with speech.")],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help="The film (.mp4, .mkv, .webm, .gif), or a folder for PNG pictures, with a slash at the end.",
        ),
    ] = "speaking.mp4",
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", "-m", help="Bundle, or folder of a finished experiment. Default: the package's bundle."
        ),
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Of an experiment. Default: the first that its config names.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps, of a model that denoises.")] = None,
    seed: Annotated[int, typer.Option(help="Of the noise, of a model that denoises.")] = 0,
    device: Annotated[Device, typer.Option(help="Where networks run.")] = Device.auto,
    au: Annotated[
        list[str] | None,
        typer.Option(
            help="Makes an action unit stronger or weaker than the sound asks (1): AU10 upper lip, "
            "AU14 dimple, AU20 lip stretch, AU25 lips part, AU26 jaw. Repeatable.",
            metavar="AU=FACTOR",
            autocompletion=_units,
        ),
    ] = None,
    au_curve: Annotated[
        Path | None,
        typer.Option(help="CSV with columns time_s and AU10 ... AU26 (0 to 5), in place of the sound's."),
    ] = None,
    crop: Annotated[bool, typer.Option("--crop", help="The face alone, not the whole photo.")] = False,
    label: Annotated[
        bool, typer.Option("--label/--no-label", help='"AI-generated" in a corner of each frame.')
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON.")] = False,
) -> None:
    """Make a [bold]film[/bold] from a photo and a sound.

    [bold]Examples[/bold]

    talkface generate face.jpg voice.wav -o film.mp4

    talkface generate face.jpg talk.mp4 -o film.webm --au AU25=1.3  [dim]# lips wider[/dim]

    talkface generate face.jpg voice.wav -o frames/ --crop  [dim]# PNG pictures[/dim]

    talkface generate face.jpg voice.wav --model results/demo/demo --steps 4
    """
    with told():
        factors = _factors(au or [])
        with doing("loading"):
            from talkface.animation.animator import open_animator
            from talkface.media.outputs import check_input, check_output, is_folder

            check_input("photo", photo, "a PNG or JPEG picture that shows a face")
            check_input("sound", sound, "any sound or video file with speech")
            check_output(output, photo, sound)
            animator = open_animator(model, variant=variant, device=device.value)
        fetch_missing_face_models(animator.model.landmarker)
        with doing("looking at the photo"):
            film = animator.animate(
                photo,
                sound,
                steps=steps,
                seed=seed,
                au=factors,
                au_curve=au_curve,
                crop=crop,
                label=label,
            )
        pictures, began = is_folder(output), time.monotonic()
        with counted(film.num_frames, "frames") as advance:
            film.write(output, watch=advance)
        rate = film.num_frames / (time.monotonic() - began)
        made = {
            "output": output,
            "frames": film.num_frames,
            "seconds": round(film.seconds, 3),
            "fps": film.fps,
            "width": film.width,
            "height": film.height,
            "sound": not pictures and not output.lower().endswith(".gif"),
            "model": animator.model.name,
            "variant": animator.model.variant,
            "seed": seed,
            "steps": steps,
            "au": factors,
            "au_curve": None if au_curve is None else str(au_curve),
            "label": label,
            "frames_per_second": round(rate, 2),
        }
        typer.echo(json.dumps(made) if as_json else _said(made))


def _said(made: dict[str, object]) -> str:
    return (
        f"{made['output']}: {made['frames']} frames, {made['seconds']:.2f} s, {made['width']} x "
        f"{made['height']}{'' if made['sound'] else ', without sound'}; {made['model']}, "
        f"{made['frames_per_second']:.1f} frames/s"
    )


def _factors(given: list[str]) -> dict[str, float]:
    """``AU25=1.3`` as a name and a factor; other text is a mistake of the command line."""
    factors: dict[str, float] = {}
    for text in given:
        name, _, factor = text.partition("=")
        try:
            factors[name.strip().upper()] = float(factor)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not like AU25=1.3", param_hint="--au") from None
        if name.strip().upper() not in AUS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(AUS)}", param_hint="--au")
    return factors
