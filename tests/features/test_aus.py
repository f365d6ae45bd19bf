"""AU labels: pose, units told apart, speaker's scale, other labellers' files and programs, the step."""

import sys
from contextlib import closing
from functools import partial

import numpy as np
import pytest

from talkface.artifacts.schemas import AU_NAMES, AUS, FACES, LANDMARKS
from talkface.artifacts.tables import ClipTable, TableError, TableWriter, read_metadata, read_table
from talkface.config import AuLabels, Faces
from talkface.corpora.synthetic.corpus import make_clip, make_speaker, sentences_of
from talkface.corpora.synthetic.face import draw_face
from talkface.features.aus import PROXY_AUS, AuError, ClipFrames, Statistics, geometric, open_labeller
from talkface.features.aus.blendshapes import from_scores
from talkface.features.aus.openface import read_csv
from talkface.features.aus.response import response_matrix, told_apart
from talkface.features.aus.speaker import fit_statistics, scale
from talkface.features.faces import FaceMesh, track_face
from talkface.jobs.label_aus import label_aus
from talkface.media.images import encode_png
from talkface.media.video import read_frames

SEED = 0


@pytest.fixture(scope="module")
def spoken():
    """Drawn speech: for three speakers the mesh and crops of every second frame of a clip, and the truth."""
    clips = []
    with FaceMesh(Faces()) as mesh:
        for number in (1, 3, 5):
            speaker = make_speaker(SEED, number)
            moves = make_clip(speaker, sentences_of(speaker, 12)[0]).performance
            chosen = range(0, len(moves.poses), 2)
            frames = (
                draw_face(
                    speaker.identity,
                    moves.aus[t],
                    moves.poses[t],
                    float(moves.blink[t]),
                    float(moves.pucker[t]),
                )
                for t in chosen
            )
            clips.append((track_face(frames, Faces(), 112, mesh), moves.aus[list(chosen)]))
    return clips


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


@pytest.mark.parametrize("backend", ["geometric", "blendshapes"])
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


# --- OpenFace ---

HEADER = (
    "frame, face_id, timestamp, confidence, success, "
    + ", ".join(f"AU{unit:02d}_r" for unit in (1, 10, 14, 20, 25, 26))
    + ", "
    + ", ".join(f"AU{unit:02d}_c" for unit in (1, 10, 14, 20, 25, 26, 28))
)


def openface_line(frame, second, success=1, values=(0.5, 1.0, 1.5, 2.0, 2.5), present=(0, 1, 0, 1, 1)):
    numbers = [frame, 0, f"{second:.3f}", 0.98 * success, success, 0.1, *values, 0, *present, 0]
    return ", ".join(str(number) for number in numbers)


def write_openface(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_openface_rows_are_placed_by_their_timestamps(tmp_path):
    rows = [openface_line(k + 1, k / 50, values=(k / 10, 0, 0, 0, 7)) for k in range(20)]  # 50 fps
    labels = read_csv(write_openface(tmp_path / "a.csv", rows), 10)
    np.testing.assert_allclose(labels.raw[:, 0], np.arange(10) * 0.2, atol=1e-6)
    assert (labels.raw[:, 4] == 5).all()  # clipped to the scale
    assert labels.presence.tolist() == [[False, True, False, True, True]] * 10
    assert labels.detected.all()


def test_openface_misses_are_filled_and_reported(tmp_path):
    rows = [
        openface_line(k + 1, k / 25, success=int(k != 2), values=(k if k != 2 else 0,) * 5) for k in range(5)
    ]
    labels = read_csv(write_openface(tmp_path / "a.csv", rows), 5)
    assert labels.detected.tolist() == [True, True, False, True, True]
    np.testing.assert_allclose(labels.raw[:, 0], [0, 1, 2, 3, 4])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a CSV"),
        ("frame, timestamp\n1, 0.0\n", "lacks the columns"),
        (HEADER + "\n", "contains no frame"),
        (HEADER + "\n" + openface_line(1, 0) + "\n" + openface_line(2, 0.04) + "\n", "covers 0.04 s"),
        (HEADER + "\n" + openface_line(1, 0, values=("nan",) * 5) + "\n", "not numbers|covers"),
    ],
)
def test_unusable_openface_files_are_named(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(AuError, match=message) as error:
        read_csv(path, 25)
    assert str(path) in str(error.value)


PROGRAM = """#!{python}
import sys
from pathlib import Path
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
pictures = sorted(Path(arguments["-fdir"]).glob("*.png"))
assert pictures and all(picture.stat().st_size > 100 for picture in pictures)
rows = [{line!r}.replace("FRAME", str(number + 1)) for number in range(len(pictures))]
Path(arguments["-out_dir"], arguments["-of"]).write_text("\\n".join([{header!r}, *rows]) + "\\n")
"""


def crops(count=4, clip="s1/a"):
    images = np.random.default_rng(0).integers(0, 255, (count, 112, 112, 3)).astype(np.uint8)
    return ClipFrames(clip, np.zeros((count, 478, 3), np.float32), np.ones(count, bool), lambda: images)


def make_program(tmp_path, text):
    program = tmp_path / "Feature Extraction"
    program.write_text(text)
    program.chmod(0o755)
    return program


def test_openface_program_is_run_on_the_crops(tmp_path):
    line = openface_line(0, 0, values=(0.5, 1, 1.5, 2, 2.5)).replace("0,", "FRAME,", 1)
    program = make_program(tmp_path, PROGRAM.format(python=sys.executable, line=line, header=HEADER))
    labeller = open_labeller(AuLabels(backend="openface", openface_program=program), Faces())
    labels = labeller.label(crops())
    np.testing.assert_allclose(labels.raw, [[0.5, 1, 1.5, 2, 2.5]] * 4)
    assert labels.presence.shape == (4, 5) and labels.detected.all()


def test_a_failing_openface_program_is_named_with_its_last_words(tmp_path):
    script = f"#!{sys.executable}\nimport sys\nsys.exit('no model found')\n"
    program = make_program(tmp_path, script)
    with pytest.raises(AuError, match=r"s1/a: exit status 1: no model found"):
        open_labeller(AuLabels(backend="openface", openface_program=program), Faces()).label(crops())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backend": "openface"}, "openface_csv .* or aus.openface_program"),
        ({"backend": "openface", "openface_csv": "absent"}, "openface_csv: absent: no such folder"),
        ({"backend": "openface", "openface_program": "absent"}, "openface_program: absent: no such file"),
    ],
)
def test_a_backend_that_lacks_something_says_what(settings, message):
    with pytest.raises(AuError, match=message):
        open_labeller(AuLabels(**settings), Faces())


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


# --- the step ---


def write_features(folder, clips):
    with (
        TableWriter(folder / "landmarks.parquet", LANDMARKS) as meshes,
        TableWriter(folder / "faces.parquet", FACES) as faces,
    ):
        for clip, points, images, detected in clips:
            shared = [{"clip": clip, "frame": t, "detected": bool(seen)} for t, seen in enumerate(detected)]
            meshes.write([{**row, "points": points[row["frame"]].ravel().tolist()} for row in shared])
            faces.write(
                [{**row, "image": encode_png(images[row["frame"]]), "affine": [1.0] * 6} for row in shared]
            )


def run_step(folder, **settings):
    label_aus(
        landmarks=folder / "landmarks.parquet", faces_table=folder / "faces.parquet", speaker="s1",
        aus=AuLabels(**settings), faces=Faces(), aus_table=folder / "aus.parquet",
    )  # fmt: skip
    return folder / "aus.parquet"


def test_the_step_labels_all_clips_on_one_scale(tmp_path, spoken):
    track = spoken[0][0]
    detected = np.ones(19, bool)
    detected[3] = False
    halves = [("s1/a", track.points[:19], track.images[:19], detected), ("s1/b", track.points[19:],
              track.images[19:], track.detected[19:])]  # fmt: skip
    write_features(tmp_path, halves)
    table = run_step(tmp_path, presence_threshold=1.5)
    rows = read_table(table, AUS).to_pandas()
    assert ClipTable(table, AUS).clips == ["s1/a", "s1/b"]
    assert rows["detected"].tolist() == [*detected.tolist(), *track.detected[19:].tolist()]
    normalised, presence = np.stack(rows["normalised"]), np.stack(rows["presence"])
    np.testing.assert_array_equal(presence, normalised >= 1.5)
    assert presence.any() and not presence.all()
    metadata = read_metadata(table)
    assert (metadata["labeller"], metadata["proxy_aus"]) == ("geometric", [])
    statistics = Statistics.from_dict(metadata["statistics"])
    np.testing.assert_allclose(geometric.normalise(np.stack(rows["raw"]), statistics), normalised, atol=1e-5)
    np.testing.assert_allclose(np.stack(rows["raw"]), geometric.raw_intensities(track.points), atol=1e-5)


def test_the_step_takes_presence_from_a_labeller_that_decides_it(tmp_path, spoken):
    track = spoken[0][0]
    write_features(tmp_path, [("s1/a", track.points[:5], track.images[:5], track.detected[:5])])
    rows = [openface_line(k + 1, k / 25, present=(k % 2,) * 5) for k in range(5)]
    write_openface(tmp_path / "csv" / "s1" / "a.csv", rows)
    table = read_table(run_step(tmp_path, backend="openface", openface_csv=tmp_path / "csv"), AUS).to_pandas()
    assert [bool(present[0]) for present in table["presence"]] == [False, True, False, True, False]
    np.testing.assert_allclose(table["raw"][0], [0.5, 1, 1.5, 2, 2.5])


def test_a_speaker_without_clips_gives_an_empty_table(tmp_path):
    write_features(tmp_path, [])
    assert read_table(run_step(tmp_path), AUS).num_rows == 0


def test_tables_of_different_runs_are_refused(tmp_path, spoken):
    track = spoken[0][0]
    write_features(tmp_path, [("s1/a", track.points[:2], track.images[:2], track.detected[:2])])
    with TableWriter(tmp_path / "faces.parquet", FACES):
        pass
    with pytest.raises(TableError, match="do not hold the same clips"):
        run_step(tmp_path)


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
