"""Figures over a clip's time: AU curves predicted and true, and lip openings with the words under them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from talkface.artifacts.schemas import AU_NAMES
from talkface.reporting.figures.style import CYCLE, OTHER, OURS, TRUTH, plain

FPS = 25
_PRESENT = "#dddddd"
Word = tuple[float, float, str]
"""Start and end in seconds, and the word."""


@dataclass(frozen=True)
class AuSample:
    """A test clip: probability from the sound, the label's intensity (0-5) and presence, each ``[T, 5]``."""

    clip: str
    heading: str
    probability: np.ndarray
    intensity: np.ndarray
    presence: np.ndarray


@dataclass(frozen=True)
class LipSample:
    """A test clip: lip opening ``[T]`` of the truth and of each method, and its words."""

    clip: str
    heading: str
    truth: np.ndarray
    methods: Mapping[str, np.ndarray]
    words: Sequence[Word]


def draw_aus(samples: Sequence[AuSample], proxies: Collection[str] = ()) -> Figure:
    """AUs down, clips across: probability from the sound over the label's intensity; presence is shaded."""
    columns = max(1, len(samples))
    figure = Figure(figsize=(1.2 + 4.6 * columns, 7.6))
    grid = figure.subplots(len(AU_NAMES), columns, squeeze=False, sharex="col", sharey=True)
    for column, sample in enumerate(samples):
        for a, au in enumerate(AU_NAMES):
            axes = grid[a, column]
            seconds_T = (np.arange(len(sample.intensity)) + 0.5) / FPS
            _shade(axes, sample.presence[:, a])
            axes.plot(seconds_T, sample.intensity[:, a] / 5, color=TRUTH, label="label: intensity / 5")
            probability_T = sample.probability[: len(seconds_T), a]
            axes.plot(
                seconds_T[: len(probability_T)], probability_T, color=OURS, label="from sound: probability"
            )
            axes.set_ylim(0, 1)
            if column == 0:
                axes.set_ylabel(f"{au}\n(proxy)" if au in proxies else au)
        grid[0, column].set_title(f"{sample.heading}\n{plain(sample.clip)}")
        grid[-1, column].set_xlabel("seconds")
    if samples:
        handles, labels = grid[0, 0].get_legend_handles_labels()
        handles.append(Patch(color=_PRESENT))
        figure.legend(handles, [*labels, "label: present"], loc="outside lower center", ncols=3)
    return figure


def _shade(axes: Axes, present_T: np.ndarray) -> None:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present_T.astype(int), [0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        axes.axvspan(start / FPS, end / FPS, color=_PRESENT, linewidth=0)


def draw_lips(samples: Sequence[LipSample]) -> Figure:
    """One panel a clip: lip opening over time, truth and methods, with the words between their limits."""
    figure = Figure(figsize=(9.5, 0.6 + 2.1 * max(1, len(samples))))
    grid = figure.subplots(max(1, len(samples)), 1, squeeze=False)[:, 0]
    names = list(dict.fromkeys(name for sample in samples for name in sample.methods))
    for sample, axes in zip(samples, grid, strict=False):
        seconds_T = (np.arange(len(sample.truth)) + 0.5) / FPS
        axes.plot(seconds_T, sample.truth, color=TRUTH, linewidth=1.8, label="truth")
        for name, opening_T in sample.methods.items():
            other = name.endswith("another clip's sound")
            color = OTHER if other else CYCLE[names.index(name) % len(CYCLE)]
            axes.plot(
                seconds_T[: len(opening_T)],
                opening_T,
                color=color,
                linestyle="--" if other else "-",
                label=name,
            )
        axes.set_xlim(0, len(sample.truth) / FPS)
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.set_title(plain(f"{sample.clip} ({sample.heading})"))
        axes.set_ylabel("lip opening")
        _words(axes, sample.words)
    if samples:
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        grid[-1].set_xlabel("seconds; words as in the transcript")
    return figure


def _words(axes: Axes, words: Sequence[Word]) -> None:
    top = axes.get_ylim()[1]
    axes.set_ylim(top=1.18 * top)
    for start, end, word in words:
        for edge in (start, end):
            axes.axvline(edge, color="#bbbbbb", linewidth=0.6, linestyle=":")
        axes.text((start + end) / 2, 1.06 * top, plain(word), ha="center", fontsize=8, color="#444444")
