"""Rule ``take_networks``: a network of a finished experiment, for clips that it was not trained on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from talkface.artifacts.atomic import explained
from talkface.config import Config, ConfigError, validate
from talkface.runtime.binding import OfConfig


class OtherNetworksError(ValueError):
    """Networks that this configuration cannot use; the message names the field and the remedy."""


def take_networks(
    *,
    stage: str,
    trained: str,
    given_model: Path,
    given_history: Path,
    setup: Path,
    config: Annotated[Config, OfConfig()],
    model: Path,
    history: Path,
) -> None:
    """Copy a stage's weights and history as they are.

    ``trained``: the variant, or "shared" before the renderer. ``setup``: what the finished experiment's check
    has noted, with its whole configuration. Raises ``OtherNetworksError`` where picture, sound or the network
    itself are not what this configuration says: the network would be given what it has never seen.
    """
    try:
        other = validate(json.loads(setup.read_text(encoding="utf-8"))["source"]["config"])
    except (ConfigError, ValueError, KeyError, TypeError) as error:
        raise OtherNetworksError(
            f"{setup}: not a configuration of this version ({error}); run `snakemake check_setup` with that "
            "experiment's --configfile again"
        ) from error
    differing = list(_differing(config, other, stage, trained))
    if differing:
        raise OtherNetworksError(
            f"networks: {setup.parent} was made with other settings: {'; '.join(differing)}. Use its own "
            "configuration files, and after them one with `networks`, `corpus` and the split"
        )
    for source, target in ((given_model, model), (given_history, history)):
        with explained(target):
            shutil.copyfile(source, target)


def _differing(config: Config, other: Config, stage: str, trained: str) -> Iterator[str]:
    """What of the settings behind a network is another one: "mel.bands: 20 here, 13 there"."""
    for name in ("video", "mel", "mfcc"):
        yield from _fields(name, getattr(config, name), getattr(other, name))
    if stage != "renderer":
        yield from _fields(stage, getattr(config, stage), getattr(other, stage))
    elif trained not in other.variants:
        yield f"variants: '{trained}' is not there"
    else:
        here, there = config.variant_renderer(trained), other.variant_renderer(trained)
        yield from _fields(f"variants.{trained}", here, there)


def _fields(name: str, here: Any, there: Any) -> Iterator[str]:
    # How it was trained changes nothing of what it is.
    one, two = (part.model_dump(mode="json", exclude={"training"}) for part in (here, there))
    for field in sorted(one.keys() | two.keys()):
        if one.get(field) != two.get(field):
            yield f"{name}.{field}: {one.get(field)} here, {two.get(field)} there"
