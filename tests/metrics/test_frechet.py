"""Fréchet distance against its formula with scipy's root of a matrix, and the values of a whole subset."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from talkface.metrics.frechet import frechet_distance, with_interval


def sets(seed, first=30, second=40, features=5):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(features, features))
    return rng.normal(size=(first, features)) @ mixing, rng.normal(0.5, 2, (second, features))


def by_formula(first, second):
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = np.real(sqrtm(one @ two))
    return ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(one + two - 2 * root)


@given(seed=st.integers(0, 2**32 - 1), first=st.integers(8, 40), second=st.integers(8, 40))
@settings(deadline=None, max_examples=30)
def test_it_is_the_formula_symmetric_and_blind_to_a_common_shift(seed, first, second):
    one, two = sets(seed, first, second)
    found = frechet_distance(one, two)
    assert found == pytest.approx(by_formula(one, two), rel=1e-6, abs=1e-6)
    assert found == pytest.approx(frechet_distance(two, one), rel=1e-6, abs=1e-6)
    assert found == pytest.approx(frechet_distance(one + 3, two + 3), rel=1e-6, abs=1e-6)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_fewer_frames_than_features_need_no_root():
    one, two = sets(0, 6, 7, features=64)
    assert frechet_distance(one, two) == pytest.approx(by_formula(one, two), rel=1e-4)


def test_few_frames_make_it_too_large():
    rng = np.random.default_rng(0)
    few, many = (frechet_distance(*rng.normal(size=(2, count, 16))) for count in (20, 2000))
    assert few > 5 * many > 0


def test_one_frame_or_a_feature_that_is_no_number_is_refused():
    one, two = sets(0)
    with pytest.raises(ValueError, match="two frames are needed"):
        frechet_distance(one[:1], two)
    two[3, 2] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        frechet_distance(one, two)


def test_the_interval_is_that_of_the_formula_over_drawn_clips():
    rng = np.random.default_rng(3)
    generated, true = (list(rng.normal(shift, 1, (8, 12, 4))) for shift in (0.4, 0))
    draw, drawn = np.random.default_rng(0), []
    for _ in range(100):
        chosen = draw.integers(8, size=8)
        drawn.append(
            by_formula(
                np.concatenate([generated[n] for n in chosen]), np.concatenate([true[n] for n in chosen])
            )
        )
    value, low, high = with_interval(generated, true)
    assert value == pytest.approx(by_formula(np.concatenate(generated), np.concatenate(true)), rel=1e-6)
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), rel=1e-6)


def test_the_interval_is_over_clips():
    rng = np.random.default_rng(1)
    clips = [(rng.normal(size=(10, 4)), rng.normal(0.3, 1, (10, 4))) for _ in range(12)]
    generated, true = map(list, zip(*clips, strict=True))
    value, low, high = with_interval(generated, true)
    assert value == frechet_distance(np.concatenate(generated), np.concatenate(true))
    assert low < high and low < 2 * value and high > 0.5 * value
    assert with_interval(generated, true) == (value, low, high), "the same at every run"
    assert with_interval(generated[:4], true[:4])[1:] == (None, None)
