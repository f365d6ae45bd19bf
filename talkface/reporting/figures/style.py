"""The style of figures, and how they are written: without a display, the same bytes for the same numbers."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from talkface.reporting.files import write_text

TRUTH, OURS, OTHER = "#1a1a1a", "#0072b2", "#d55e00"
CYCLE = (OURS, OTHER, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999", "#8b6914", "#5d3a9b", "#7a9900")
"""Okabe and Ito's colours, told apart by colour-blind readers, and four more."""

_STYLE: Any = {
    "svg.hashsalt": "talkface",  # ids of an SVG are random without it
    "svg.fonttype": "path",  # looks the same where a font is missing
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.3,
    "figure.constrained_layout.use": True,
}


@contextmanager
def styled() -> Iterator[None]:
    """The project's style for the figures made and saved inside."""
    with matplotlib.rc_context(_STYLE):
        yield


def save_svg(figure: Figure, path: Path) -> None:
    """Write a figure as SVG; the same figure gives the same bytes. Call it inside :func:`styled`."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": "talkface"})
    write_text(path, _PNG.sub(_smaller, stream.getvalue()))


_PNG = re.compile(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)")


def _smaller(found: re.Match[str]) -> str:
    """Photographs as JPEG: Matplotlib writes PNG alone, and a sheet of faces then takes megabytes."""
    png = base64.b64decode(found[1])
    picture, jpeg = Image.open(io.BytesIO(png)), io.BytesIO()
    if picture.convert("RGBA").getchannel("A").getextrema() != (255, 255):  # JPEG has no transparency
        return found[0]
    picture.convert("RGB").save(jpeg, format="JPEG", quality=88)
    if jpeg.tell() > len(png) / 2:  # flat colours, as of a mask
        return found[0]
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.getvalue()).decode('ascii')}"


def plain(text: str) -> str:
    """A name for a figure, shown as it is: an unescaped dollar sign would start a formula."""
    return text.replace("$", r"\$")


def picture_axes(axes: Axes) -> None:
    """Axes that only show a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
