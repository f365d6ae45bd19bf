"""A card for every figure of a table: all that has to be equal before two figures may be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from talkface.artifacts.origin import hash_files
from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_frame, read_metadata
from talkface.config import Sampler
from talkface.evaluation.runs import OTHER_SOUND
from talkface.metrics.catalogue import metric_named
from talkface.metrics.declaration import Measure
from talkface.provenance.versions import present
from talkface.reporting.files import write_text
from talkface.reporting.tables.aggregate import GROUP
from talkface.reporting.tables.setting import Setting

CODEC = "none: lossless frames before video coding"
_TRUTH = ("features/", "clips/")
_LANDMARKS = {"landmarks", "true_landmarks", "aus", "true_aus"}


def cards_of_table(
    table: str,
    measured: pd.DataFrame,
    scores: Sequence[Path],
    figures: Mapping[str, Iterable[Measure]],
    *,
    split: Path,
    setting: Setting,
    samplers: Mapping[str, Sampler],
    commit: str | None,
    films: Mapping[str, Any],
) -> dict[str, Any]:
    """One table's cards: what holds for all figures, below ``figures`` each column, below ``rows`` each row.

    Args:
        table: its name.
        measured: the scores behind it (:func:`aggregate.read_scores`).
        scores: their files, whose metadata say what they were made from.
        figures: its columns by the family that gives them.
        split: of the corpus.
        setting: corpus, split and labeller.
        samplers: of the rows that are sampled.
        commit: that is checked out; None: unknown.
        films: of external rows, what is said of them (:func:`external_films.film_cards`).
    """
    metadata = {path: read_metadata(path) for path in scores}
    listing = read_frame(split, SPLIT)
    frames_of = dict(zip(listing["clip"], listing["num_frames"], strict=True))
    return {
        "table": table,
        "corpus": setting.corpus.name,
        "demo": setting.corpus.demo,
        "corpus_sha256": _truth(metadata.values()),
        "split": setting.split_name,
        "split_sha256": hash_files(split),
        "labeller": setting.labeller,
        "landmarker_sha256": setting.landmarker_sha256,
        "codec": CODEC,
        "seeds": list(setting.seeds),
        "versions": present(),
        "code": setting.code,
        "commit": commit,
        "figures": {
            own.key: _figure(own, name, metadata, setting)
            for name, measures in figures.items()
            for own in measures
        },
        "rows": [
            _row(dict(zip(GROUP, map(str, group), strict=True)), rows, frames_of, samplers, films)
            for group, rows in measured.groupby(GROUP, sort=False)
        ],
    }


def row_key(row: Mapping[Any, Any]) -> str:
    """The name of a row's card: its protocol, subset and method."""
    return "/".join(str(row[name]) for name in GROUP)


def measures_of(metrics: Iterable[str]) -> dict[str, tuple[Measure, ...]]:
    """The columns of metric families, by family."""
    return {name: metric_named(name).measures for name in metrics}


def write_cards(path: Path, cards: Mapping[str, Any]) -> None:
    """As JSON."""
    write_text(path, json.dumps(cards, indent=1, ensure_ascii=False) + "\n")


def _figure(
    measure: Measure, name: str, metadata: Mapping[Path, Mapping[str, Any]], setting: Setting
) -> dict[str, Any]:
    """The declaration of a column, and which evaluators gave its values."""
    family = metric_named(name)
    evaluators: dict[str, Any] = {}
    if _LANDMARKS & set(family.needs):
        evaluators["landmarker"] = setting.landmarker_sha256
    for said in (said for said in metadata.values() if said.get("metric") == name):
        evaluators |= said.get("weights", {}) | said.get("packages", {})
    published = {file.name: file.sha256 for file in family.weights if file.sha256}
    return {
        **{key: value for key, value in asdict(measure).items() if key != "key"},
        "family": name,
        "evaluators": evaluators,
        "published_weights": {
            file: str(evaluators.get(file, "")).startswith(sha256) for file, sha256 in published.items()
        },
    }


def _row(
    named: Mapping[str, str],
    rows: pd.DataFrame,
    frames_of: Mapping[str, int],
    samplers: Mapping[str, Sampler],
    films: Mapping[str, Any],
) -> dict[str, Any]:
    clips = sorted(set(rows["clip"]))
    sampler = samplers.get(named["method"].removesuffix(OTHER_SOUND))
    told = {"films": films[named["method"]]} if named["method"] in films else {}
    return {
        **named,
        **told,
        "clips": len(clips),
        "frames": int(sum(frames_of[clip] for clip in clips)),
        "speakers": int(rows["speaker"].nunique()),
        "seeds": sorted(int(seed) for seed in rows["seed"].unique()),
        "clips_sha256": hashlib.sha256("\n".join(clips).encode()).hexdigest(),
        "sampler": None if sampler is None else sampler.model_dump(mode="json"),
    }


def _truth(metadata: Iterable[Mapping[str, Any]]) -> str:
    """One hash of all true tables that the scores were made from, by their names within the experiment."""
    known: dict[str, str] = {}
    for said in metadata:
        known |= {name: sha256 for name, sha256 in said.get("data", {}).items() if name.startswith(_TRUTH)}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
