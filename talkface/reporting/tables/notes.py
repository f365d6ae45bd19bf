"""The notes below every table: how its figures were made."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil

from talkface import __version__
from talkface.artifacts.schemas import HISTORY, SPLIT
from talkface.artifacts.tables import read_frame, read_metadata
from talkface.config import Perceptual, Sampler, Split
from talkface.evaluation.runs import trained_run
from talkface.metrics.declaration import Measure
from talkface.reporting.tables.columns import MEASURES
from talkface.reporting.tables.main_table import PROTOCOLS, counted
from talkface.reporting.tables.setting import DEMO, Setting, versions

Note = tuple[str, str]


@dataclass(frozen=True)
class Budget:
    """How far a stage was trained: samples are frames seen."""

    stage: str
    variant: str
    samples: int
    paper_samples: int | None
    warm_start: str
    device: str

    def sentence(self) -> str:
        """Frames seen, share of the paper's schedule, where it began and ran."""
        if self.paper_samples:
            share = percent(self.samples / self.paper_samples)
            share += f" of the paper's schedule of {self.paper_samples:,}"
        else:
            share = "the paper's schedule for this stage is not known in frames"
        name = self.stage if self.variant == "shared" else f"{self.stage} ({self.variant})"
        start = f", started from {self.warm_start}" if self.warm_start else ""
        where = f", on {self.device}" if self.device else ""
        return f"{name}: {self.samples:,} frames seen ({share}){start}{where}"


def percent(share: float) -> str:
    """A share in percent with two meaningful digits: 0.0123 -> "1.2 %"."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def read_budgets(histories: Sequence[Path]) -> list[Budget]:
    """The budget of each training, from its history and what the trainer wrote into that file's metadata.

    Of several seeds, the one that saw most.
    """
    budgets: dict[tuple[str, str], Budget] = {}
    for path in histories:
        run = trained_run(path)
        said = read_metadata(path)
        seen = int(read_frame(path, HISTORY)["samples"].max())
        known = budgets.get((run.stage, run.variant))
        if known is None or known.samples < seen:
            budgets[run.stage, run.variant] = Budget(
                run.stage,
                run.variant,
                seen,
                said.get("paper_samples"),
                Path(said["warm_start"]).name if said.get("warm_start") else "",
                str(said.get("device", "")),
            )
    return list(budgets.values())


def machine() -> str:
    """Processor, cores, memory and system of this machine; no names of hosts or users."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text().splitlines()
        named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = named[0] if named else model
    cores, gigabytes = counted(psutil.cpu_count() or 1, "core"), psutil.virtual_memory().total / 2**30
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{model}, {cores}, {gigabytes:.0f} GiB memory, {system}"


_PARTS = {
    "train": "training",
    "appearance": "pictures alone of",
    "seen_test": "held-back clips of seen speakers",
    "unseen_test": "unseen speakers",
}


def split_sentence(name: str, chosen: Split, split: pd.DataFrame) -> str:
    """The split's name, its speakers' ids and how many clips and frames each part holds."""
    parts = []
    for subset, heading in _PARTS.items():
        rows = split[split["subset"] == subset]
        if subset == "appearance" and rows.empty:
            continue
        ids = ", ".join(sorted(rows["speaker"].unique(), key=natural)) or "none"
        frames = int(rows["num_frames"].sum())
        parts.append(f"{heading} {ids} ({counted(len(rows), 'clip')}, {frames:,} frames)")
    return f"'{name}', seed {chosen.seed}, {percent(chosen.held_back)} held back: " + "; ".join(parts)


def without_words(split: pd.DataFrame, clips: Collection[str]) -> tuple[int, int]:
    """How many of the clips have no transcript, and how many clips there are."""
    rows = split[split["clip"].isin(set(clips))]
    return int((rows["words"].str.len() == 0).sum()), len(rows)


def words_sentence(without: int, clips: int) -> str:
    """What "within the words" means where clips have no transcript."""
    return (
        f"{without} of {counted(clips, 'measured clip')} without one: there the whole clip stands for what "
        "is called within the words, and silence is told by loudness"
    )


def natural(name: str) -> tuple[str, int, str]:
    """A sorting key that puts s2 before s10."""
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    return head, int(tail) if tail else -1, name


def sampler_sentence(samplers: Mapping[str, Sampler]) -> str:
    """The sampler of each variant that has one; those that are not named give frames directly."""
    if not samplers:
        return "none: every row's decoder gives its frames directly"
    said = []
    for name, sampler in samplers.items():
        noise = "one noise image for a clip" if sampler.shared_noise else "fresh noise for each frame"
        said.append(
            f"{name}: {sampler.kind.upper()}, {counted(sampler.steps, 'step')}, eta {sampler.eta:g}, {noise}"
        )
    return "; ".join(said) + " (paper A: 200 steps, eta 0)"


def weights_sentence(perceptual: Perceptual) -> str:
    """Where the weights come from, and through which network the perceptual losses look.

    A stand-in never carries the canonical name.
    """
    eye = "stand-in for VGG-19, the features of our own autoencoder's encoder"
    if perceptual.vgg19_sha256:
        eye = f"VGG-19 from a file (SHA-256 {perceptual.vgg19_sha256[:12]})"
    return (
        "every network in the rows was trained here; the VQ autoencoder is this project's stand-in for the "
        f"released vq-f4; perceptual loss (rows that have it): {eye}"
    )


def _on_transcripts(split: pd.DataFrame, clips: Collection[str], measures: Sequence[Measure]) -> list[Note]:
    without, all_clips = without_words(split, clips)
    if not without or not any("words" in measure.key for measure in measures):
        return []
    return [("Transcripts", words_sentence(without, all_clips))]


def experiment_notes(
    setting: Setting,
    *,
    split: Path,
    protocols: Sequence[str],
    samplers: Mapping[str, Sampler] | None,
    perceptual: Perceptual | None,
    histories: Sequence[Path],
    clips: Collection[str],
    measures: Sequence[Measure] = MEASURES,
) -> list[Note]:
    """All notes, in the order in which a reader asks.

    ``samplers``: of the diffusion variants in the table. ``clips``: measured ones. ``measures``: its columns.
    ``None`` for ``samplers`` and ``perceptual`` where nothing is generated.
    """
    notes: list[Note] = []
    if setting.corpus.demo:
        notes.append(
            (
                DEMO.capitalize(),
                "drawn faces and synthetic speech, trained for minutes: it shows that the path works",
            )
        )
    limit = setting.evaluation.max_clips_per_speaker
    measured = "all test clips"
    if limit is not None:
        measured = f"at most {counted(limit, 'test clip')} per speaker and subset"
    table = read_frame(split, SPLIT)
    notes += [
        ("Experiment", f"{setting.experiment}, corpus {setting.corpus.name}"),
        ("Split", split_sentence(setting.split_name, setting.chosen_split, table)),
        ("Measured", f"{measured}, before video coding, on the aligned crop"),
        *_on_transcripts(table, clips, measures),
        ("Protocol", "; ".join(PROTOCOLS.get(name, name) for name in protocols)),
        ("AU labeller", f"{setting.labeller}; the papers used OpenFace 2"),
    ]
    if perceptual is not None:
        notes.append(("Weights", weights_sentence(perceptual)))
    if samplers is not None:
        notes.append(("Sampler", sampler_sentence(samplers)))
    notes += [
        ("Training budget", "; ".join(budget.sentence() for budget in read_budgets(histories))),
        (
            "Seeds",
            ", ".join(map(str, setting.seeds))
            + (" (means; standard deviation in the csv)" if len(setting.seeds) > 1 else ""),
        ),
        ("Columns", "; ".join(f"{measure.header}: {measure.meaning}" for measure in measures)),
        (
            "Published figures",
            "from other splits, another labeller and another crop; they stand beside ours and are not to be "
            "subtracted. Paper A's own tables are not publicly readable",
        ),
        ("Tabulated on", machine()),
        (
            "Versions",
            f"talkface {__version__}, code {setting.code}, {versions('torch', 'mediapipe')}",
        ),
    ]
    return notes
