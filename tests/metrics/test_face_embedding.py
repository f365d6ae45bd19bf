"""The cosine of face embeddings: one person, two people, and what happens without the optional packages."""

from importlib.metadata import PathDistribution, distribution

import numpy as np
import pytest
from skimage.data import astronaut

from talkface.config import Faces
from talkface.features.faces import mesh_crops
from talkface.media.video import read_frames
from talkface.metrics import catalogue
from talkface.metrics.clip import Clip, Mesh
from talkface.metrics.families import face_embedding
from talkface.metrics.families.face_embedding import PACKAGES, WEIGHTS, WeightsError, embed, score

INSTALLED = all(map(catalogue.is_installed, PACKAGES))
WHERE_INSTALLED = pytest.mark.skipif(not INSTALLED, reason="optional: pip install -e '.[person]'")


@pytest.fixture(scope="module")
def face():
    """A photograph's face, and its mesh."""
    picture = np.ascontiguousarray(astronaut()[0:224, 112:336])
    points, found = mesh_crops(iter([picture]), Faces())
    assert found[0]
    return picture, points[0]


@WHERE_INSTALLED
def test_another_light_leaves_the_person(face):
    picture, points = face
    reference = embed(picture, points)
    assert reference.shape == (128,) and np.linalg.norm(reference) == pytest.approx(1)
    assert reference @ embed((picture * 0.7).astype(np.uint8), points) > 0.97


@WHERE_INSTALLED
@pytest.mark.real
def test_one_person_is_told_from_another(real_clips):
    """Two clips of each of two speakers: those of one are nearer to each other than to any of the other."""
    embeddings = {}
    for speaker in ("s1", "s2"):
        for number, video in enumerate(sorted((real_clips / "grid" / speaker).glob("*.mpg"))[:2]):
            picture = next(frame for index, frame in enumerate(read_frames(video)) if index == 20)
            points, found = mesh_crops(iter([picture]), Faces())
            assert found[0], video
            embeddings[speaker, number] = embed(picture, points[0])
    alike = [embeddings[speaker, 0] @ embeddings[speaker, 1] for speaker in ("s1", "s2")]
    unlike = [embeddings["s1", i] @ embeddings["s2", j] for i in (0, 1) for j in (0, 1)]
    assert min(alike) > 0.95 and max(unlike) < 0.93


@WHERE_INSTALLED
def test_the_cosine_is_that_of_dlibs_own_descriptors(face):
    """dlib cuts the face out of the whole picture by itself here, and two pictures are compared by numpy."""
    import dlib

    picture, points = face
    other = np.ascontiguousarray(picture[:, ::-1] // 2)
    flipped = points * [-1, 1, 1] + [picture.shape[1] - 1, 0, 0]
    network = dlib.face_recognition_model_v1(str(distribution(PACKAGES[1]).locate_file(WEIGHTS)))

    def descriptor(image, mesh):
        corners = [dlib.point(*np.rint(mesh[index, :2]).astype(int)) for index in (263, 362, 33, 133, 2)]
        whole = dlib.rectangle(0, 0, image.shape[1] - 1, image.shape[0] - 1)
        return np.array(network.compute_face_descriptor(image, dlib.full_object_detection(whole, corners)))

    one, two = descriptor(picture, points), descriptor(other, flipped)
    expected = one @ two / np.sqrt((one @ one) * (two @ two))
    there, mirrored = (Mesh(np.stack([mesh] * 2), np.ones(2, dtype=bool)) for mesh in (points, flipped))
    clip = Clip(
        "s1/a", 2, frames=np.stack([other] * 2), true_frames=np.stack([picture] * 2),
        landmarks=mirrored, true_landmarks=there,
    )  # fmt: skip
    assert score(clip)["photo_cosine_first"] == (pytest.approx(expected, abs=1e-6), 1)


@WHERE_INSTALLED
def test_each_second_is_compared_with_the_photo_where_a_face_was_found(face):
    picture, points = face
    true, mesh = np.repeat(picture[None], 30, 0), np.repeat(points[None], 30, 0)
    frames, found = true.copy(), np.ones(30, dtype=bool)
    found[:10] = False
    clip = Clip(
        "s1/a",
        30,
        frames=frames,
        true_frames=true,
        landmarks=Mesh(mesh, found),
        true_landmarks=Mesh(mesh, np.ones(30, dtype=bool)),
    )
    made = score(clip)
    assert made["photo_cosine_first"] == (pytest.approx(1), 3)  # frames 10, 15 and 20
    assert made["photo_cosine_last"] == (pytest.approx(1), 4)
    clip = Clip(
        "s1/a",
        30,
        frames=frames,
        true_frames=true,
        landmarks=Mesh(mesh, np.zeros(30, dtype=bool)),
        true_landmarks=Mesh(mesh, np.ones(30, dtype=bool)),
    )
    assert score(clip)["photo_cosine_first"] == (None, 0)


@pytest.mark.parametrize("missing", [None, *PACKAGES])
def test_without_its_packages_the_family_is_not_there(monkeypatch, missing):
    monkeypatch.setattr(catalogue, "is_installed", lambda name: name != missing)
    catalogue.all_metrics.cache_clear()
    try:
        assert ("face_embedding" in catalogue.all_metrics()) == (missing is None)
    finally:
        catalogue.all_metrics.cache_clear()


@pytest.mark.parametrize(
    ("content", "listed"), [(None, True), (None, False), (b"another network", True)]
)  # a file that is gone, an older package without it, changed bytes
def test_weights_that_are_missing_or_changed_are_refused(tmp_path, monkeypatch, content, listed):
    if content is not None:
        path = tmp_path / face_embedding.WEIGHTS
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    info = tmp_path / "face_recognition_models-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: face-recognition-models\nVersion: 0\n")
    (info / "RECORD").write_text(f"{face_embedding.WEIGHTS if listed else 'LICENSE'},,\n")
    monkeypatch.setattr(face_embedding, "distribution", lambda name: PathDistribution(info))
    with pytest.raises(WeightsError, match=r"resnet_model_v1.dat: (not there|its SHA-256 is not)"):
        face_embedding._network.__wrapped__()
