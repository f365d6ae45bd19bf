"""Rule ``take_networks``: a network of a finished experiment or of a bundle, for clips that it was not
trained on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ValidationError

from talkface.artifacts.atomic import explained
from talkface.artifacts.given_networks import is_bundle
from talkface.artifacts.headers import header_of
from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import write_table
from talkface.bundles.reading import read_bundle
from talkface.config import Config, ConfigError, Strict, validate
from talkface.runtime.binding import OfConfig


class OtherNetworksError(ValueError):
    """Networks that this configuration cannot use; the message names the field and the remedy."""


def take_networks(
    *,
    stage: str,
    trained: str,
    seed: int,
    given_model: Path,
    given_history: Path | None,
    notes: Path,
    config: Annotated[Config, OfConfig()],
    model: Path,
    history: Path,
) -> None:
    """Copy a stage's weights and history as they are.

    ``trained``: the variant, or "shared" before the renderer. ``notes``: ``setup.json``, in which a finished
    experiment's check has noted its whole configuration, or a bundle's ``bundle.json``, whose files are held
    against their hashes first. A bundle has no history: a table with the number of samples takes its place.

    Raises:
        OtherNetworksError: picture, sound or the network itself are not what this configuration says: the
            network would be given what it has never seen.
        BundleError: a damaged bundle.
    """
    if is_bundle(notes.parent):
        differing = _against_bundle(config, notes.parent, given_model, stage, trained, seed)
    else:
        differing = _differing(config, finished_config(notes), stage, trained)
    refuse_differing(notes, differing)
    copy_file(given_model, model)
    if given_history is None:
        _note_length(model, history)
    else:
        copy_file(given_history, history)


def refuse_differing(notes: Path, differing: Iterable[str]) -> None:
    """Raise ``OtherNetworksError`` with the settings that are others where the networks are from, if any."""
    if found := list(differing):
        raise OtherNetworksError(
            f"networks: {notes.parent} was made with other settings: {'; '.join(found)}. Use its own "
            "configuration files, and after them one with `networks`, `corpus` and the split"
        )


def copy_file(source: Path, target: Path) -> None:
    """To the byte."""
    with explained(target):
        shutil.copyfile(source, target)


def finished_config(notes: Path) -> Config:
    """The configuration of a finished experiment, from what its check has noted.

    Raises ``OtherNetworksError`` for one that this version does not read.
    """
    try:
        return validate(json.loads(notes.read_text(encoding="utf-8"))["source"]["config"])
    except (ConfigError, ValueError, KeyError, TypeError) as error:
        raise OtherNetworksError(
            f"{notes}: not a configuration of this version ({error}); run `snakemake check_setup` with that "
            "experiment's --configfile again"
        ) from error


def _note_length(model: Path, history: Path) -> None:
    """A history that says no more than how many samples the training saw."""
    said = header_of(model)
    samples = int(said.get("samples", 0))
    kept = {name: said[name] for name in ("paper_samples", "warm_start", "device") if name in said}
    write_table(
        history, HISTORY, [{"samples": samples, "name": "final/samples", "value": float(samples)}], kept
    )


def _differing(config: Config, other: Config, stage: str, trained: str) -> Iterator[str]:
    """What of the settings behind a network is another one: "mel.bands: 20 here, 13 there"."""
    for name in ("video", "mel", "mfcc"):
        yield from differing_fields(name, getattr(config, name), getattr(other, name))
    if stage != "renderer":
        yield from differing_fields(stage, getattr(config, stage), getattr(other, stage))
    elif trained not in other.variants:
        yield f"variants: '{trained}' is not there"
    else:
        here, there = config.variant_renderer(trained), other.variant_renderer(trained)
        yield from differing_fields(f"variants.{trained}", here, there)


def _against_bundle(
    config: Config, bundle: Path, given_model: Path, stage: str, trained: str, seed: int
) -> Iterator[str]:
    """The same of a bundle, whose weights carry the settings of their own training."""
    manifest = read_bundle(bundle)
    for name in ("video", "mel", "mfcc"):
        yield from differing_fields(name, getattr(config, name), getattr(manifest.settings, name))
    if seed != manifest.origin.seed:
        yield f"seeds: {seed} here, {manifest.origin.seed} there"
    here: Strict = config.variant_renderer(trained) if stage == "renderer" else getattr(config, stage)
    field = f"variants.{trained}" if stage == "renderer" else stage
    if stage == "renderer" and trained != manifest.origin.variant:
        yield f"variants: '{trained}' here, '{manifest.origin.variant}' there"
        return
    try:
        there = type(here).model_validate(header_of(given_model).get("config"))
    except ValidationError as error:
        yield f"{field}: not the settings in {given_model} ({error.errors()[0]['msg']})"
        return
    yield from differing_fields(field, here, there)


def differing_fields(
    name: str, here: BaseModel, there: BaseModel, of_training: Iterable[str] = ("training",)
) -> Iterator[str]:
    """The fields of a section that differ: "mel.bands: 20 here, 13 there".

    ``of_training``: fields that say how it was trained, which changes nothing of what it is.
    """
    one, two = (part.model_dump(mode="json", exclude=set(of_training)) for part in (here, there))
    for field in sorted(one.keys() | two.keys()):
        if one.get(field) != two.get(field):
            yield f"{name}.{field}: {one.get(field)} here, {two.get(field)} there"
