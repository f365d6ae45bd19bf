"""AU labels: pose, units told apart, speaker's scale, other labellers' files and programs, the step."""

from contextlib import closing
from functools import partial

import numpy as np
import pytest

from talkface.artifacts.schemas import AU_NAMES
from talkface.config import AuLabels, Faces
from talkface.corpora.synthetic.corpus import make_speaker
from talkface.corpora.synthetic.face import draw_face
from talkface.features.aus import PROXY_AUS, ClipFrames, Statistics, geometric, open_labeller
from talkface.features.aus.blendshapes import from_scores
from talkface.features.aus.response import response_matrix, told_apart
from talkface.features.aus.speaker import fit_statistics, scale
from talkface.features.faces import FaceMesh, track_face
from talkface.media.video import read_frames

SEED = 0


def turned(points, yaw, pitch, roll, size=1.7, shift=(30, -20, 4)):
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (yaw, pitch, roll))
    turn = (
        np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        @ np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    )
    return size * points @ turn.T + shift


def test_pose_size_and_place_do_not_change_the_measures(spoken):
    points = spoken[0][0].points.astype(float)
    expected = geometric.measures(points)
    np.testing.assert_allclose(geometric.measures(turned(points, 0.5, -0.3, 0.2)), expected, atol=1e-9)
    assert np.ptp(expected, axis=0).min() > 0.01  # they do measure something


def test_raw_depends_on_one_frame_alone(spoken):
    points = spoken[0][0].points
    whole = geometric.raw_intensities(points)
    assert whole.shape == (len(points), 5) and whole.dtype == np.float32
    assert whole.min() >= 0 and whole.max() <= 5
    np.testing.assert_allclose(geometric.raw_intensities(points[7:8]), whole[7:8], atol=1e-5)


@pytest.mark.parametrize("backend", ["geometric", pytest.param("blendshapes", marks=pytest.mark.slow)])
def test_each_unit_driven_alone_is_told_apart_or_marked_proxy(backend):
    people = [partial(draw_face, make_speaker(SEED, number).identity) for number in range(1, 7)]
    with closing(open_labeller(AuLabels(backend=backend), Faces())) as labeller:
        matrix = response_matrix(people, labeller, levels=(2.5, 5.0))
    apart = {name for name, yes in zip(AU_NAMES, told_apart(matrix), strict=True) if yes}
    assert set(AU_NAMES) - apart == PROXY_AUS[backend], f"\n{matrix.round(2)}"


def test_told_apart_asks_for_strict_dominance():
    matrix = np.eye(5) * 4
    matrix[0, 1], matrix[0, 2] = 2.5, 1.6  # row 0 outweighed by the others together
    matrix[3, 4] = 4.5  # column 4 (and row 3) outweighed by one
    assert told_apart(matrix).tolist() == [False, True, True, False, False]


def test_au25_and_au26_follow_what_was_drawn(spoken):
    correlations = []
    for track, truth in spoken:
        raw = geometric.raw_intensities(track.points)
        measured = geometric.normalise(raw, geometric.speaker_statistics(raw, track.detected))
        correlations.append([np.corrcoef(measured[:, unit], truth[:, unit])[0, 1] for unit in range(5)])
    mean = dict(zip(AU_NAMES, np.mean(correlations, axis=0), strict=True))
    assert mean["AU25"] >= 0.8, mean
    assert mean["AU26"] >= 0.8, mean
    assert mean["AU20"] >= 0.7, mean
    assert min(mean["AU10"], mean["AU14"]) >= 0.3, mean


def test_jaw_alone_does_not_part_shut_lips_and_takes_its_share_of_open_ones():
    neutral = np.full(5, 1.0)
    raw = np.tile(neutral, (4, 1))
    raw[1, 4] = 4.0  # jaw down, lips shut
    raw[2, 3] = 3.0  # lips parted
    raw[3, 3:] = 3.0, 4.0  # both
    parted = geometric.activity(raw, neutral)[:, 3]
    assert parted[0] == parted[1] == 0
    assert parted[2] > parted[3] > 0


def test_rest_is_zero_and_the_reach_is_three_and_a_half():
    rng = np.random.default_rng(0)
    raw = np.full((400, 5), 1.2)
    raw[100:] += rng.uniform(0, 2, (300, 5))
    statistics = fit_statistics(raw)
    np.testing.assert_allclose(statistics.neutral, 1.2)
    scaled = scale(raw, statistics)
    assert scaled[:100].max() == 0
    np.testing.assert_allclose(np.percentile(scaled, 95, axis=0), 3.5, rtol=1e-5)
    assert Statistics.from_dict(statistics.as_dict()) == statistics


def test_bridged_frames_and_still_units_do_not_spoil_the_scale():
    raw = np.full((100, 5), 1.0)
    raw[:, 3] = np.linspace(0, 2, 100)
    seen = np.ones(100, bool)
    raw[40:50], seen[40:50] = 5.0, False
    np.testing.assert_allclose(fit_statistics(raw, seen).neutral[0], 1.0)
    trembling = raw.copy()
    trembling[:, 0] += np.random.default_rng(1).normal(0, 0.01, 100)
    assert scale(trembling[:40], fit_statistics(trembling, seen))[:, 0].max() < 1  # noise is no activity
    assert fit_statistics(raw, np.zeros(100, bool)).neutral == (0.0,) * 5


def test_blendshapes_of_drawn_speech_follow_the_jaw_and_each_frame_is_its_own(spoken):
    correlations = []
    with closing(open_labeller(AuLabels(backend="blendshapes"), Faces())) as labeller:
        for track, truth in spoken:
            frames = ClipFrames("s1/a", track.points, track.detected, partial(np.copy, track.images))
            labels = labeller.label(frames)
            assert labels.detected.all() and labels.presence is None
            correlations.append(np.corrcoef(labels.raw[:, 4], truth[:, 4])[0, 1])
        last = track.images[-1:]
        alone = labeller.label(ClipFrames("s1/a", track.points[-1:], track.detected[-1:], lambda: last))
        grey = ClipFrames(
            "s1/a", track.points[:2], track.detected[:2], lambda: np.full_like(last[[0, 0]], 128)
        )
        nobody = labeller.label(grey)
    np.testing.assert_array_equal(alone.raw[0], labels.raw[-1])
    assert not nobody.detected.any() and not nobody.raw.any()
    assert np.mean(correlations) >= 0.8, correlations


def test_blendshape_scores_become_units():
    names = ["mouthUpperUp", "mouthDimple", "mouthStretch", "mouthLowerDown"]
    scores = {f"{name}{side}": 0.0 for name in names for side in ("Left", "Right")}
    scores |= {"jawOpen": 0.0, "mouthClose": 0.0}
    np.testing.assert_array_equal(from_scores(scores), 0)
    np.testing.assert_allclose(
        from_scores(scores | {"mouthStretchLeft": 0.8, "mouthStretchRight": 0.4})[2], 3
    )
    shut_jaw = from_scores(scores | {"jawOpen": 0.5, "mouthClose": 0.5})
    np.testing.assert_allclose(shut_jaw, [0, 0, 0, 0, 2.5])  # the jaw drops behind shut lips
    assert from_scores(scores | {"jawOpen": 0.5})[3] == 2.5


@pytest.mark.slow
@pytest.mark.real
def test_au25_separates_words_from_silence_on_real_clips(real_clips):
    """ROC AUC on clips of GRID's s1, spread over the folder (rank statistic of Mann and Whitney)."""
    videos = sorted((real_clips / "grid" / "s1").glob("b*.mpg"))[::11][:6]
    assert len(videos) == 6
    raw, spoken_T = [], []
    with FaceMesh(Faces()) as mesh:
        for video in videos:
            points = track_face(read_frames(video), Faces(), 112, mesh).points
            inside = np.zeros(len(points), bool)
            alignment = real_clips / "grid" / "alignments" / "s1" / f"{video.stem}.align"
            for line in alignment.read_text().splitlines():
                start, end, word = line.split()
                if word not in ("sil", "sp"):
                    inside[int(start) // 1000 : int(end) // 1000] = True
            raw.append(geometric.raw_intensities(points))
            spoken_T.append(inside)
    values, inside = np.concatenate(raw), np.concatenate(spoken_T)
    au25 = geometric.normalise(values, geometric.speaker_statistics(values))[:, 3]
    words, silence = au25[inside], au25[~inside]
    above = (words[:, None] > silence).mean() + 0.5 * (words[:, None] == silence).mean()
    assert above >= 0.85
