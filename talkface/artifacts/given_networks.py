"""Where networks lie that a configuration's ``networks`` names: a finished experiment's or a bundle's."""

from __future__ import annotations

from pathlib import Path

MANIFEST = "bundle.json"
"""What a bundle says of itself; no other folder has a file of this name."""
SETUP = "setup.json"
"""What the check before heavy jobs writes into an experiment: commit, and the whole configuration."""


def is_bundle(folder: Path) -> bool:
    """Whether a folder calls itself a bundle."""
    return (folder / MANIFEST).is_file()


def given_weights(folder: Path, stage: str, trained: str, seed: int | str) -> Path:
    """The weights of a stage; ``trained``: the variant, or "shared" before the renderer."""
    if is_bundle(folder):
        return folder / f"{stage}.safetensors"
    return folder / "train" / stage / trained / f"seed-{seed}" / "model.safetensors"


def given_history(folder: Path, stage: str, trained: str, seed: int | str) -> Path | None:
    """The history of its training; a bundle has none."""
    if is_bundle(folder):
        return None
    return given_weights(folder, stage, trained, seed).with_name("history.parquet")


def given_notes(folder: Path) -> Path:
    """What is known of the networks' settings and where they come from."""
    return folder / (MANIFEST if is_bundle(folder) else SETUP)
