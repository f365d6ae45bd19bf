"""Agreement of intensities, against scipy, scikit-learn and torchmetrics."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error
from torchmetrics.functional.regression import concordance_corrcoef

from talkface.metrics.clip import Clip, Units
from talkface.metrics.families.au_intensity import agreement, score

SEEDS = st.integers(0, 2**32 - 1)


def courses(seed, frames=60):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(2, 1, (2, frames)), 0, 5)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, frames=st.integers(3, 80))
def test_it_is_that_of_the_libraries(seed, frames):
    found, true = courses(seed, frames)
    values = agreement(found, true)
    assert values["pcc"] == pytest.approx(pearsonr(found, true).statistic, abs=1e-9)
    assert values["mae"] == pytest.approx(mean_absolute_error(true, found))
    expected = concordance_corrcoef(torch.from_numpy(found), torch.from_numpy(true))
    # torchmetrics divides variances by frames less one; Lin 1989 by frames.
    bias = (found.mean() - true.mean()) ** 2
    spread = found.var(ddof=1) + true.var(ddof=1) + bias
    assert float(expected) == pytest.approx(2 * np.cov(found, true)[0, 1] / spread, rel=1e-5)
    own = 2 * np.cov(found, true, ddof=0)[0, 1] / (found.var() + true.var() + bias)
    assert values["ccc"] == pytest.approx(own)


def test_known_courses():
    true = np.array([0.0, 1, 2, 3, 4])
    assert agreement(true, true) == {"pcc": pytest.approx(1), "ccc": pytest.approx(1), "mae": 0}
    shifted = agreement(true + 1, true)  # Lin: 2 * 2 / (2 + 2 + 1)
    assert shifted == {"pcc": pytest.approx(1), "ccc": pytest.approx(0.8), "mae": pytest.approx(1)}
    assert agreement(0 * true + 2, true) == {"pcc": 0, "ccc": 0, "mae": pytest.approx(1.2)}
    assert agreement(true, 0 * true) == {"pcc": None, "ccc": None, "mae": pytest.approx(2)}
    assert agreement(true[:0], true[:0]) == {"pcc": None, "ccc": None, "mae": None}


def units(intensity_TA, known_T):
    return Units(intensity_TA >= 1, intensity_TA.astype(np.float32), known_T)


def test_units_that_rest_and_frames_without_a_face_are_left_out():
    rng = np.random.default_rng(0)
    true, found = rng.uniform(0, 5, (2, 20, 5))
    true[:, 1] = 0.0
    known = np.arange(20) >= 4
    true[~known], every = np.nan, np.ones(20, dtype=bool)
    scores = score(Clip("s1/a", 20, aus=units(found, every), true_aus=units(true, known)))
    moving = [0, 2, 3, 4]
    expected = [pearsonr(found[known, unit], true[known, unit]).statistic for unit in moving]
    assert scores["au_pcc"] == (pytest.approx(np.mean(expected), abs=1e-6), 16)
    assert scores["au14_pcc"] == (None, 16)
    assert scores["au_mae"][0] == pytest.approx(np.abs(found - true)[known].mean(), rel=1e-5)
    nobody = Clip("s1/a", 20, aus=None, true_aus=units(true, known))
    assert score(nobody) == {"au_pcc": (None, 0), "au_ccc": (None, 0), "au_mae": (None, 0)}
    unknown = score(Clip("s1/a", 20, aus=units(found, every), true_aus=units(true, ~every)))
    assert unknown["au_ccc"] == unknown["au_mae"] == (None, 0)
