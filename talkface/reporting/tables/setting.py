"""What all tables of an experiment have in common: experiment, corpus, split and labeller."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from talkface.config import AuLabels, Corpus, Evaluation, Split, Strict
from talkface.features.aus.geometric import GeometricLabeller

DEMO = "demo: not a result"
"""Stamped on every table and page made from drawn faces."""


class Setting(Strict):
    """The parts of the configuration that every table names in its header, its csv and its notes."""

    experiment: str
    corpus: Corpus
    split_name: str
    chosen_split: Split
    aus: AuLabels
    landmarker_sha256: str
    evaluation: Evaluation
    seeds: tuple[int, ...]
    code: str

    @property
    def labeller(self) -> str:
        """Labeller and version."""
        return labeller_name(self.aus, self.landmarker_sha256)

    @property
    def stamp(self) -> str:
        """What follows the title of everything made from drawn faces; otherwise nothing."""
        return f" ({DEMO})" if self.corpus.demo else ""

    @property
    def measured_here(self) -> str:
        """Heads the columns of our own figures."""
        return f"Measured here: {self.corpus.name}, AU labels {self.labeller}, split '{self.split_name}'"

    def columns(self, **more: object) -> dict[str, object]:
        """Columns that are equal in all rows of a csv."""
        return {
            "experiment": self.experiment,
            "corpus": self.corpus.name,
            "demo": self.corpus.demo,
            "split": self.split_name,
            "labeller": self.labeller,
            **more,
        }


def versions(*packages: str) -> str:
    """Versions of installed packages, read without importing them."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


def labeller_name(aus: AuLabels, landmarker_sha256: str) -> str:
    """Labeller and version, for headers: a stand-in never carries the canonical name."""
    if aus.backend == "openface":
        return "OpenFace 2 " + ("(finished CSVs)" if aus.openface_csv else "(FeatureExtraction)")
    if aus.backend == "blendshapes":
        return f"MediaPipe blendshapes {landmarker_sha256[:12]} ({versions('mediapipe')})"
    return f"{GeometricLabeller.version} ({versions('mediapipe')})"
