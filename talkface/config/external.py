"""Films of other systems that become rows of the main table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from talkface.config.basics import Strict

EXTERNAL = "external_"
"""Prefix of the rows' names in paths and tables."""


class External(Strict):
    """A folder of films, ``{speaker}/{utterance}.mp4`` (any container), named as the corpus' clips."""

    films: Path
    """The folder. Films are read from it and never written to."""
    protocol: Literal["one_shot", "inpaint"] = "one_shot"
    """What the system saw: the first face and the sound, or also true frames (as systems do that replace the
    mouth in the true film). The row stands under this protocol, which evaluation.protocols must have."""
    picture: Literal["any", "crop"] = "any"
    """any: the face is found in each film and cropped as clips are, but for films that are this experiment's
    crops already, which the mesh shows. crop: all of them are, and are taken as they are."""
    system: str = ""
    """Name and version of the system, for the card of the row."""
    licence: str = ""
    """Licence of the films or of the system's weights, for the card."""
    notes: str = ""
    """What else the card says of how the films were made."""
