"""What the training of a renderer may read; which of it is given, its section's ``rests_on`` decides."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from talkface.config import Mfcc, Perceptual


@dataclass(frozen=True, kw_only=True)
class Given:
    """Files of all speakers, frozen networks, and what the sections say beside the renderer's own.

    What a renderer does not rest on is an empty list, or none.
    """

    split: Path
    mel: list[Path]
    faces: list[Path]
    latents: list[Path]
    masked_latents: list[Path]
    identities: list[Path]
    """First faces (IDENTITIES), as they are or taken apart."""
    aus: list[Path]
    """AU_FEATURES of Audio-to-AU, or AUS for an oracle."""
    labels: list[Path]
    """AUS: the true frames' action units."""
    landmarks: list[Path]
    """LANDMARKS of the true frames."""
    audio_to_au: Path | None
    au_classifier: Path | None
    autoencoder: Path | None
    """For the perceptual loss, where no file of VGG-19 is given."""
    perceptual: Perceptual
    mfcc: Mfcc
    crop_size: int
    scratch: Path
    """Folder for decoded crops."""

    def files(self) -> list[Path]:
        """All of them, for the fingerprint of the data."""
        found: list[Path] = []
        for field in fields(self):
            if field.name == "scratch":
                continue
            value = getattr(self, field.name)
            found += value if isinstance(value, list) else [value] if isinstance(value, Path) else []
        return found
