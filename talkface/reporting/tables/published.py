"""The papers' numbers as data, validated on loading; a ``null`` shows as "n/a (see doi)", never as a zero."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from talkface.artifacts.schemas import AU_NAMES

PUBLISHED = Path(__file__).with_name("published.yaml")
NOT_PUBLIC = "n/a (see doi)"

UNITS = (*AU_NAMES, "mean")
"""Columns of a per-AU table."""

CorpusName = Literal["GRID", "TCD-TIMIT"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Percent = Annotated[float, Field(gt=1.0, le=100.0)]  # a share typed as 0.81 is refused


class PublishedError(ValueError):
    """The file of published numbers is not what the tables expect; the message names the field."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Values(_Strict):
    """PSNR in dB, SSIM, mean AU F1, mean AU accuracy in percent; None where the paper is not readable."""

    psnr: Annotated[float, Field(gt=10, lt=60)] | None
    ssim: Share | None
    au_f1: Share | None
    au_accuracy: Percent | None


class Paper(_Strict):
    """One of the three papers; either a doi or an arXiv number leads to it."""

    title: str
    venue: str
    doi: str | None
    arxiv: str | None

    @model_validator(mode="after")
    def _reachable(self) -> Paper:
        if not (self.doi or self.arxiv):
            raise ValueError("a paper needs a doi or an arXiv number")
        return self

    @property
    def reference(self) -> str:
        """How a reader finds it."""
        return f"doi:{self.doi}" if self.doi else f"arXiv:{self.arxiv}"


class Row(_Strict):
    """One published row: a method's values per corpus."""

    id: str
    name: str
    paper: str
    table: str | None
    group: Literal["main", "fusion", "ablation"]
    reproduced_by: list[str] = []
    values: dict[CorpusName, Values]


class PerAu(_Strict):
    """F1 and accuracy (percent) of one published row, per AU and as the printed mean."""

    name: str
    paper: str
    corpus: CorpusName
    frames: Literal["generated", "real"]
    row: str | None  # id of the row whose frames were labelled; None: real frames
    f1: dict[str, Share]
    accuracy: dict[str, Percent]

    @model_validator(mode="after")
    def _units(self) -> PerAu:
        for field, values, rounding in (("f1", self.f1, 1e-3), ("accuracy", self.accuracy, 1e-2)):
            if tuple(values) != UNITS:
                raise ValueError(f"{field}: expected {list(UNITS)} in this order")
            mean = sum(values[au] for au in AU_NAMES) / len(AU_NAMES)
            if abs(mean - values["mean"]) > rounding:
                raise ValueError(f"{field}: the mean of the AUs is {mean:.4f}, not {values['mean']}")
        if (self.row is None) != (self.frames == "real"):
            raise ValueError("row: given for generated frames, and only for those")
        return self


class CorpusCondition(_Strict):
    """How a corpus was split in the papers."""

    split: str


class Conditions(_Strict):
    """What all published rows share; printed in the header of their columns."""

    labeller: str
    protocol: str
    crop_px: int
    speakers: str
    corpora: dict[CorpusName, CorpusCondition]

    def header(self, corpus: CorpusName) -> str:
        """The header of the published columns: corpus, labeller, split, protocol, size."""
        return (
            f"Published: {corpus}, AU labels {self.labeller}, {self.corpora[corpus].split}, "
            f"{self.speakers} speakers, {self.protocol}, {self.crop_px} px"
        )


class Published(_Strict):
    """The whole file."""

    conditions: Conditions
    papers: dict[str, Paper]
    rows: list[Row]
    per_au: list[PerAu]

    @model_validator(mode="after")
    def _consistent(self) -> Published:
        ids = [row.id for row in self.rows]
        doubled = sorted({name for name in ids if ids.count(name) > 1})
        if doubled:
            raise ValueError(f"rows: ids {doubled} appear more than once")
        variants = [name for row in self.rows for name in row.reproduced_by]
        claimed = sorted({name for name in variants if variants.count(name) > 1})
        if claimed:
            raise ValueError(f"rows: variants {claimed} reproduce more than one row")
        cited = [(row.name, row.paper) for row in self.rows] + [(row.name, row.paper) for row in self.per_au]
        for name, paper in cited:
            if paper not in self.papers:
                raise ValueError(f"'{name}': paper '{paper}' is not one of {sorted(self.papers)}")
        unknown = [own.row for own in self.per_au if own.row is not None and own.row not in ids]
        if unknown:
            raise ValueError(f"per_au: rows {unknown} are not among rows")
        return self

    def reproduced_by(self, variant: str) -> Row | None:
        """The row that a variant of this project re-runs, if any."""
        return next((row for row in self.rows if variant in row.reproduced_by), None)

    def row(self, name: str) -> Row:
        """The row with an id; ``PublishedError`` names the ids that there are."""
        found = next((row for row in self.rows if row.id == name), None)
        if found is None:
            raise PublishedError(
                f"published: '{name}' is not an id of published.yaml; choose from "
                f"{', '.join(row.id for row in self.rows)}"
            )
        return found

    def units_of(self, row: str | None, corpus: CorpusName) -> PerAu | None:
        """Per-AU figures of a row on a corpus, or (``row`` None) of the AU classifier on real frames."""
        return next((own for own in self.per_au if own.row == row and own.corpus == corpus), None)

    def source(self, row: Row | PerAu) -> str:
        """Paper, table and doi or arXiv number of a row."""
        table = row.table if isinstance(row, Row) else None
        where = f", table {table}" if table else ""
        return f"{row.paper}{where} ({self.papers[row.paper].reference})"


def load_published(path: Path = PUBLISHED) -> Published:
    """Read and validate the published numbers; ``PublishedError`` names file and field."""
    try:
        return Published.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise PublishedError(f"{path}: not readable as YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'file'}: {p['msg']}" for p in error.errors())
        raise PublishedError(f"{path}: {problems}") from None


@cache
def published() -> Published:
    """The project's own file, read once."""
    return load_published()


def corpora_beside(reader: str, name: str) -> tuple[CorpusName, ...]:
    """Which corpus's published numbers stand beside results on a corpus: its own, else both."""
    spelled = name.lower().replace("_", "")
    if "tcd" in spelled:
        return ("TCD-TIMIT",)
    if reader == "grid":
        return ("GRID",)
    return ("GRID", "TCD-TIMIT")
