"""Bootstrap intervals clustered by speaker: by hand, enumerated, simulated; and what is marked best."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from drawn_scores import score_rows

from talkface.reporting.tables.bootstrap import (
    MIN_SPEAKERS,
    Estimate,
    estimate,
    over_resamples,
    resample_speakers,
    tail,
)
from talkface.reporting.tables.columns import BY_KEY, MEASURES, UNIT_MEASURES
from talkface.reporting.tables.table_rows import MeasuredRow, PrintedRow, mark_best

PSNR, MEDIAN = BY_KEY["psnr_db"], BY_KEY["lip_correlation_words"]
TWO = np.array([[2, 0], [1, 1], [0, 2]])  # the resamples of two speakers


def scores_of(by_speaker, metric="psnr", weights=None):
    """A score table from ``{speaker: values of its clips}``."""
    return pd.DataFrame(
        [
            {
                "clip": f"{speaker}/u{n}",
                "speaker": speaker,
                "metric": metric,
                "value": value,
                "weight": (weights or {}).get(speaker, 1.0),
            }
            for speaker, values in by_speaker.items()
            for n, value in enumerate(values)
        ]
    )


def drawn(measure, scores, times=TWO):
    rows = measure.rows(scores)
    return over_resamples(measure, rows, sorted(set(rows["speaker"])), times).tolist()


def test_resampled_speakers_bring_their_clips_by_hand():
    uneven = {"a": [1.0, 2.0, 3.0], "b": [10.0]}
    assert drawn(PSNR, scores_of(uneven)) == [2.0, 4.0, 10.0]  # (1 + 2 + 3 + 10) / 4, not (2 + 10) / 2
    assert drawn(MEDIAN, scores_of(uneven, MEDIAN.metric)) == [2.0, 2.5, 10.0]
    found = BY_KEY["detection_percent"]
    shares = scores_of({"a": [0.5], "b": [1.0]}, found.metric, weights={"a": 30.0, "b": 10.0})
    assert drawn(found, shares) == [50.0, pytest.approx(62.5), 100.0]


def test_f1_is_pooled_over_the_drawn_speakers_by_hand():
    counts = {"tp": {"a": [2], "b": [0]}, "fp": {"a": [1], "b": [3]}, "fn": {"a": [1], "b": [0]}}
    scores = pd.concat([scores_of(values, f"au25_{name}") for name, values in counts.items()])
    measure = next(own for own in UNIT_MEASURES if own.key == "au25_f1")
    assert drawn(measure, scores) == pytest.approx([4 / 6, 4 / 9, 0.0])
    # Of five AUs only this one has positives: the mean is over what is defined.
    assert drawn(BY_KEY["au_f1"], scores) == pytest.approx([4 / 6, 4 / 9, 0.0])


@pytest.mark.parametrize("measure", [*MEASURES, *UNIT_MEASURES], ids=lambda own: own.key)
def test_every_speaker_once_is_the_value_itself(measure):
    scores = pd.DataFrame(list(score_rows(5, 30, clips=3)))
    value = measure.over_clips(scores)
    if value is None:
        assert measure.rows(scores).empty
    else:
        assert drawn(measure, scores, np.ones((1, 5), int)) == [pytest.approx(value)]


def test_interval_agrees_with_all_resamples_enumerated():
    values = {f"s{n}": [value] for n, value in enumerate((1.0, 2.0, 4.0, 8.0, 16.0))}
    exact = [np.mean(choice) for choice in product((1.0, 2.0, 4.0, 8.0, 16.0), repeat=5)]
    times = resample_speakers(5, resamples=20_000)
    assert (times.sum(axis=1) == 5).all() and times.shape == (20_000, 5)
    for share in (0.025, 0.5, 0.975):
        found = np.quantile(drawn(PSNR, scores_of(values), times), share)
        assert found == pytest.approx(np.quantile(exact, share), abs=0.2)
    own = estimate(PSNR, [scores_of(values)])
    assert own.value == pytest.approx(6.2) and 1.0 <= own.low < 6.2 < own.high <= 16.0
    assert own == estimate(PSNR, [scores_of(values)]), "the same draws for the same numbers"


@pytest.mark.parametrize(("speakers", "lowest"), [(5, 0.86), (10, 0.89)])
def test_intervals_cover_the_truth_on_simulated_speakers(speakers, lowest):
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        level_S = rng.normal(30, 1, speakers)
        own = {f"s{n:02}": rng.normal(level, 0.3, 4) for n, level in enumerate(level_S)}
        found = estimate(PSNR, [scores_of(own)], seed=seed)
        covered += found.low <= 30 <= found.high
    assert lowest < covered / 200 < 0.99
    assert 0 < tail(speakers) < 0.025, "plain tails of few clusters are too narrow"


def test_speakers_that_differ_widen_the_interval():
    rng = np.random.default_rng(0)
    values = rng.normal(30, 1, 40)
    mixed = {f"s{n}": values[n::8] for n in range(8)}
    ordered = np.sort(values)
    apart = {f"s{n}": ordered[5 * n : 5 * n + 5] for n in range(8)}
    narrow, wide = (estimate(PSNR, [scores_of(own)]) for own in (mixed, apart))
    assert narrow.value == pytest.approx(wide.value)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_below_five_speakers_nothing_is_estimated():
    for speakers in range(1, MIN_SPEAKERS):
        own = estimate(PSNR, [scores_of({f"s{n}": [30.0 + n] for n in range(speakers)})])
        assert own.value is not None and (own.low, own.high, own.estimable) == (None, None, False)
    # Five speakers, of which one has no value.
    values = {f"s{n}": [30.0 if n else None] for n in range(MIN_SPEAKERS)}
    assert not estimate(PSNR, [scores_of(values)]).estimable
    nothing = estimate(PSNR, [scores_of({"a": [None]})])
    assert nothing == Estimate(None, None, None, None)


def test_seeds_are_averaged_inside_each_resample():
    one = scores_of({f"s{n}": [30.0 + n] for n in range(6)})
    two = one.assign(value=one["value"] + 4)
    own, both = estimate(PSNR, [one]), estimate(PSNR, [one, two])
    assert both.value == pytest.approx(own.value + 2)
    assert (both.low, both.high) == (pytest.approx(own.low + 2), pytest.approx(own.high + 2))
    assert own.deviation is None and both.deviation == pytest.approx(8**0.5)


def row(kind, low, high, measure=PSNR):
    value = None if low is None else (low + high) / 2
    return MeasuredRow(
        PrintedRow("m", "m", kind),
        "unseen_test",
        10,
        6,
        1,
        {measure.key: Estimate(value, low, high, None)},
        (),
    )


@pytest.mark.parametrize(
    ("rows", "marked"),
    [
        ([("variant", 28, 29), ("variant", 30, 31)], [False, True]),
        ([("variant", 28, 30.1), ("variant", 30, 31)], [False, False]),  # overlap
        ([("variant", 28, 29), ("variant", 30, 32), ("variant", 31, 33)], [False, False, False]),
        ([("variant", 30, 31)], [False]),  # nothing to compare with
        ([("variant", 28, 29), ("variant", 30, 31), ("control", 40, 41)], [False, True, False]),
        ([("variant", 28, 29), ("variant", 30, 31), ("bound", 30.5, 33)], [False, True, False]),
        ([("variant", 28, 29), ("variant", 30, 31), ("variant", None, None)], [False, True, False]),
    ],
)
def test_only_a_clear_best_is_marked(rows, marked):
    best = mark_best([row(*own) for own in rows], [PSNR])
    assert [PSNR.key in own.best for own in best] == marked


def test_a_row_without_interval_leaves_its_column_unmarked():
    lone = row("variant", 28, 29)
    lone = MeasuredRow(lone.row, "unseen_test", 10, 4, 1, {PSNR.key: Estimate(28.5, None, None, None)}, ())
    assert not any(own.best for own in mark_best([lone, row("variant", 30, 31)], [PSNR]))


def test_best_is_lowest_for_distances_and_nearest_for_ratios():
    lmd, ratio = BY_KEY["lmd_px"], BY_KEY["lip_std_ratio_words"]
    low = mark_best([row("variant", 0.5, 0.6, lmd), row("variant", 0.8, 0.9, lmd)], [lmd])
    assert [bool(own.best) for own in low] == [True, False]
    near = mark_best([row("variant", 0.9, 1.0, ratio), row("variant", 1.3, 1.5, ratio)], [ratio])
    assert [bool(own.best) for own in near] == [True, False]
