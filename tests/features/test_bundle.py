"""The file with MediaPipe's models: where it is looked for, that it is the right one, what is said if not."""

import hashlib
import subprocess
import sys
import zipfile

import pytest
from conftest import REPOSITORY

from talkface.config import AuLabels, Faces
from talkface.features import bundle
from talkface.features.aus import open_labeller
from talkface.features.faces import FaceMesh


def test_the_file_lies_where_the_variable_says_or_else_with_the_users_data(monkeypatch, tmp_path):
    monkeypatch.setenv("TALKFACE_WEIGHTS", str(tmp_path))
    assert bundle.default_path() == tmp_path / bundle.NAME
    monkeypatch.delenv("TALKFACE_WEIGHTS")
    assert bundle.default_path().parts[-3:] == ("talkface", "weights", bundle.NAME)


def test_the_file_of_the_set_up_is_the_one_that_is_pinned():
    path = bundle.checked(None, bundle.SHA256)
    assert path == bundle.default_path() and path.stat().st_size == bundle.NUM_BYTES


def test_an_absent_or_another_file_is_named_with_the_remedy(tmp_path):
    path = tmp_path / bundle.NAME
    for remedy in ("make setup", "talkface doctor --fetch", "faces.landmarker", str(path)):
        with pytest.raises(bundle.BundleError, match=remedy):
            bundle.checked(path, bundle.SHA256)
    path.write_bytes(b"another")
    found = hashlib.sha256(b"another").hexdigest()
    for part in (str(path), found, bundle.SHA256, "make setup", "faces.landmarker_sha256"):
        with pytest.raises(bundle.BundleError, match=part):
            bundle.checked(path, bundle.SHA256)
    assert bundle.checked(path, found) == path


def zipped(path, content):
    with zipfile.ZipFile(path, "w") as file:
        for name in content:
            file.writestr(name, b"no model")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no bundle"), (["a"], "lacks face_detector"), (["face_detector.tflite"], "cannot read")],
)
def test_a_file_that_was_pinned_but_holds_no_models_is_named(tmp_path, content, words):
    path = tmp_path / "models"
    if content is None:
        path.write_bytes(b"no zip")
    else:
        zipped(path, content)
    faces = Faces(landmarker=path, landmarker_sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(bundle.BundleError, match=words) as error:
        FaceMesh(faces)
    assert str(path) in str(error.value)
    with pytest.raises(bundle.BundleError, match="cannot read its models"):
        open_labeller(AuLabels(backend="blendshapes"), faces)


def test_asking_for_the_file_imports_nothing_heavy():
    heavy = "mediapipe numpy cv2 torch pandas pyarrow"
    code = f"import sys, talkface.features.bundle; print(sorted(set('{heavy}'.split()) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


QUIET = """
import numpy as np
from talkface.config import AuLabels, Faces
from talkface.corpora.synthetic.face import draw_face
from talkface.corpora.synthetic.speaker_look import make_identity
from talkface.features.aus import ClipFrames, open_labeller
from talkface.features.faces import FaceMesh, mesh_crops, track_face

picture = draw_face(make_identity(0, 1), np.zeros(5))
wide = np.full((1280, 720, 3), 110, np.uint8)
wide[500:788, 200:560] = picture
with FaceMesh(Faces()) as mesh:
    for frames in ([picture] * 3, [wide] * 3, [picture, np.full_like(picture, 127), picture]):
        track = track_face(frames, Faces(), 112, mesh)
mesh_crops(track.images, Faces())
labeller = open_labeller(AuLabels(backend="blendshapes"), Faces())
labeller.label(ClipFrames("a", track.points, track.detected, lambda: track.images))
labeller.close()
print("done")
"""


def test_mediapipe_writes_nothing_into_the_users_terminal():
    done = subprocess.run(
        [sys.executable, "-c", QUIET], cwd=REPOSITORY, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
