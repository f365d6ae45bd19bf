"""OpenFace's finished tables and its program: read by their timestamps, missed frames, faults named."""

import sys

import numpy as np
import pytest
from openface_files import HEADER, openface_line, write_openface

from talkface.config import AuLabels, Faces
from talkface.features.aus import AuError, ClipFrames, open_labeller
from talkface.features.aus.openface import read_csv


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
