"""Intervals and best marks of the main table; scores of single clips and speakers, and their pages."""

import pandas as pd
import pytest
from drawn_scores import score_rows

from talkface.evaluation.runs import label
from talkface.reporting.pages.films import filmed_clips, order_in_words
from talkface.reporting.pages.speaker_plot import MOST_SPEAKERS, legend_of, speaker_plots
from talkface.reporting.tables.aggregate import summarise
from talkface.reporting.tables.columns import BY_KEY
from talkface.reporting.tables.main_table import main_view
from talkface.reporting.tables.marks import INTERVALS, NO_INTERVALS, mark_rows
from talkface.reporting.tables.published import PUBLISHED, load_published
from talkface.reporting.tables.single_scores import (
    clip_scores,
    clips_view,
    from_the_ends,
    place_in_words,
    speaker_scores,
)
from talkface.reporting.tables.views import Block, Group, TableView, sort_value


def scores_of(levels, speakers):
    frames = [
        pd.DataFrame(score_rows(speakers, level)).assign(method=method, seed=0, protocol="one_shot")
        for method, level in levels.items()
    ]
    return pd.concat(frames, ignore_index=True)


def view_of(scores, bounds=()):
    papers = load_published(PUBLISHED)
    return main_view(summarise(scores, {}), mark_rows(scores, bounds, {}), papers, ("GRID",), "Main", "here")


def best_of(view, header):
    [block, *_], place = view.blocks, view.headers.index(header)
    return [row[0] for row, marks in zip(block.rows, block.marks, strict=True) if marks[place].best]


def test_the_best_is_marked_beyond_its_interval_and_controls_do_not_compete():
    scores = scores_of({"static": 40, "ours": 29, "warp": 34, "warp_other_sound": 36}, speakers=6)
    view = view_of(scores)
    assert best_of(view, "PSNR dB") == ["Warp"] and best_of(view, "LMD px") == ["Warp"]
    assert best_of(view, "Faces found %") == [], "equal values are not told apart"
    interval = view.blocks[0].marks[-1][view.headers.index("PSNR dB")].interval
    low, high = map(float, interval.strip("[]").split(", "))
    value = float(view.blocks[0].rows[-1][view.headers.index("PSNR dB")])
    assert low < value < high and view.legend == INTERVALS
    assert best_of(view_of(scores, bounds=("warp",)), "PSNR dB") == []
    assert TableView.from_json(view.to_json()) == view


def test_few_speakers_have_neither_interval_nor_mark():
    view = view_of(scores_of({"ours": 29, "warp": 34}, speakers=4))
    assert view.legend == NO_INTERVALS
    assert not any(mark.best or mark.interval for row in view.blocks[0].marks for mark in row)


def test_columns_say_what_the_metrics_declare():
    view = view_of(scores_of({"ours": 29}, speakers=1))
    said = dict(zip(view.headers, view.columns, strict=True))
    assert said["LMD px"].better == "low" and said["LMD px"].meaning == BY_KEY["lmd_px"].meaning
    assert said["PSNR dB (publ.)"].better == "high"
    panels = view.panels()
    assert all(len(panel.columns) == len(panel.headers) for panel in panels)


def test_published_columns_without_a_figure_are_folded():
    groups = (Group("", 1), Group("ours", 1), Group("printed", 2, published=True))
    rows = (("Ours", "1.0", "n/a (see doi)", "2.5"), ("Warp", "n/a", "", ""))
    view = TableView("t", "T", groups, ("Method", "a", "b", "c"), (Block("", rows),))
    assert view.folded() == {2} and view.holds_figures() and view.of_words() == set()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234", 1234), ("-0.50 ± 0.1", -0.5), ("0.81 [0.7, 0.9] *", 0.81), ("0.4 (4 of 5)", 0.4),
        ("n/a (see doi)", None), ("–", None), ("", None), ("2026-11-28 01:13", None), ("3x", None),
    ],
)  # fmt: skip
def test_cells_sort_by_the_figure_they_begin_with(cell, value):
    assert sort_value(cell) == value


CLIPS = {name: {"ours": value} for name, value in (("a", 0.1), ("b", 0.9), ("c", 0.5), ("d", 0.3))}


def test_clips_stand_from_the_ends_inwards(tmp_path):
    assert from_the_ends(CLIPS) == ["a", "b", "d", "c"]
    assert from_the_ends({}) == [] and from_the_ends({"a": {"ours": 1.0}}) == ["a"]
    words = [place_in_words(clip, CLIPS) for clip in "abcd"]
    assert [text.split(" of ")[0] for text in words] == ["worst", "best", "2nd best", "2nd worst"]
    shown = {method: {clip: tmp_path / clip for clip in "bxa"} for method in ("ours", "ours_other_sound")}
    films = filmed_clips(shown, dict.fromkeys("abx", "Unseen speakers"), CLIPS)
    assert [film.clip for film in films] == ["a", "b", "x"] and films[2].place == ""
    assert [film.name for film in films[0].films] == [label(method) for method in shown]
    assert films[0].films[0].score == "Lip corr. words 0.10" and films[0].films[1].score == ""
    assert order_in_words(films).startswith("Ordered by Lip corr. words")
    assert order_in_words(films[2:]).startswith("None of the clips")


def test_scores_of_single_clips_and_speakers():
    scores = scores_of({"static": 29, "ours": 30, "ours_other_sound": 28}, speakers=3)
    clips = clip_scores(scores)
    assert len(clips) == 12 and {method for own in clips.values() for method in own} == {"ours"}
    one = scores[(scores["clip"] == "s1/u2") & (scores["metric"] == "lip_correlation_words")]
    assert clips["s1/u2"]["ours"] == pytest.approx(one.set_index("method")["value"]["ours"])
    view = clips_view(clips, dict.fromkeys(clips, "unseen_test"), "")
    assert len(view.blocks[0].rows) == 12 and clips_view({}, {}, "") is None
    rows = speaker_scores(scores)
    assert {row["speaker"] for row in rows} == {"s0", "s1", "s2"} and rows[0]["clips"] == 4


def test_speakers_are_plotted_from_the_best_down_within_the_frame():
    rows = speaker_scores(scores_of({"static": 29, "ours": 30, "ours_other_sound": 28}, speakers=4))
    assert [entry.form for entry in legend_of(rows)] == ["still", "filled", "hollow"]
    plots = {plot.key: plot for plot in speaker_plots(rows)}
    for key, better in (("lip_correlation_words", -1), ("lmd_px", 1)):
        own = sorted((r for r in rows if r["method"] == "ours"), key=lambda row, k=key, b=better: b * row[k])
        assert [line.text.split()[0] for line in plots[key].rows] == [row["speaker"] for row in own]
        assert len(plots[key].dots) == 12
        edges = [tick.place for tick in plots[key].ticks]
        assert all(min(edges) <= dot.x <= max(edges) and dot.y < plots[key].height for dot in plots[key].dots)
    many = speaker_scores(scores_of({"ours": 30}, speakers=MOST_SPEAKERS + 3))
    plot = speaker_plots(many)[0]
    assert len(plot.rows) == MOST_SPEAKERS and f"of {MOST_SPEAKERS + 3}" in plot.left_out
    assert speaker_plots([]) == []
