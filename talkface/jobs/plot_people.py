"""Rule ``plot_people``: each unseen speaker's photo, truth and methods, mouth widest and closest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from talkface.artifacts.schemas import FACES, GENERATED, LANDMARKS, SPLIT
from talkface.artifacts.tables import ClipTable, read_table
from talkface.config import Evaluation
from talkface.data.first_face import first_detected
from talkface.data.rows import vectors
from talkface.evaluation.controls import COPIES
from talkface.evaluation.runs import by_method, is_other_sound, label
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import evaluation_clips
from talkface.features.landmarks import NUM_POINTS, lip_opening
from talkface.jobs.plot_contact_sheet import pictures_at
from talkface.metrics.lips import spoken_frames
from talkface.reporting.figures.curve_figures import FPS
from talkface.reporting.figures.people_figure import Person, draw_people
from talkface.reporting.figures.style import save_svg, styled
from talkface.reporting.tables.aggregate import TEST_SUBSETS


def plot_people(
    *,
    faces: Sequence[Path],
    landmarks_true: Sequence[Path],
    generated: Sequence[Path],
    split: Path,
    evaluation: Evaluation,
    figure: Path,
) -> None:
    """Draw a block for each unseen speaker; for each speaker with test clips where all are seen.

    Shown is the evaluated clip whose true mouth opens widest, at that frame and at the one where it is
    closest, both within the spoken words. ``generated``: in folders ``generate/{method}/seed-{seed}/
    {protocol}``; of several seeds, the first.
    """
    table = read_table(split, SPLIT)
    rows = {row["clip"]: row for row in table.to_pylist()}
    truth, landmarks = tables_by_clip(faces, FACES), tables_by_clip(landmarks_true, LANDMARKS)
    methods = {
        label(method): tables_by_clip(paths, GENERATED)
        for method, paths in by_method(generated, "generate").items()
        if method not in COPIES and not is_other_sound(method)
    }
    clips = {
        speaker: evaluation_clips(table, speaker, evaluation)
        for speaker in sorted({row["speaker"] for row in rows.values()})
    }
    unseen = {
        speaker: [clip for clip in of_speaker if rows[clip]["subset"] == "unseen_test"]
        for speaker, of_speaker in clips.items()
    }
    people = []
    for candidates in (unseen if any(unseen.values()) else clips).values():
        if not candidates:
            continue
        openings = {clip: _spoken_opening(landmarks[clip], rows[clip]) for clip in candidates}
        clip = max(candidates, key=lambda name: np.nanmax(openings[name], initial=-np.inf))
        opening_T = openings[clip]
        if np.isnan(opening_T).all():
            continue  # no face within the words: nothing to compare
        frames = [int(np.nanargmax(opening_T)), int(np.nanargmin(opening_T))]
        detected = truth[clip].read(clip, ["detected"])["detected"].to_pylist()
        [photo] = pictures_at(truth[clip], clip, [first_detected(detected)])
        shown: Mapping[str, list[np.ndarray]] = {
            "truth": pictures_at(truth[clip], clip, frames),
            **{
                name: pictures_at(of_clip[clip], clip, frames)
                for name, of_clip in methods.items()
                if clip in of_clip
            },
        }
        people.append(Person(clip, TEST_SUBSETS[rows[clip]["subset"]], photo, frames, shown))
    with styled():
        save_svg(draw_people(people), figure)


def _spoken_opening(table: ClipTable, row: Mapping[str, object]) -> np.ndarray:
    """The clip's lip opening [T], NaN outside the words and where no face was found."""
    clip, words = str(row["clip"]), row["words"]
    assert isinstance(words, list)
    found = table.read(clip, ["points", "detected"])
    opening_T = lip_opening(vectors(found, "points").reshape(-1, NUM_POINTS, 3))
    spoken_T = spoken_frames([(word["start_s"], word["end_s"]) for word in words], len(opening_T), FPS)
    return np.where(spoken_T & found["detected"].to_numpy().astype(bool), opening_T, np.nan)
