"""Finding, following, bridging and aligning faces: on drawn faces, which every machine has."""

import itertools
import weakref

import cv2
import numpy as np
import pytest

from talkface.config import Faces
from talkface.corpora.synthetic.face import Pose, draw_face
from talkface.corpora.synthetic.speaker_look import make_identity
from talkface.features.alignment import (
    AlignedFrame,
    FaceError,
    Sighting,
    Tally,
    align,
    apply_affine,
    bridge,
    fit_similarity,
    template,
    warp,
)
from talkface.features.faces import FaceMesh, follow_face, mesh_crops, track_face
from talkface.features.landmarks import MOUTH, RIGID, lip_opening, mouth_points

REST, OPEN = np.zeros(5), np.array([0, 0, 0, 4, 2])
SETTINGS = Faces()


@pytest.fixture(scope="module")
def mesh():
    with FaceMesh(Faces()) as mesh:
        yield mesh


def picture(aus=REST, speaker=1, **pose):
    return draw_face(make_identity(0, speaker), aus, Pose(**pose))


def talking(count, speaker=1):
    """A nodding head that opens and shuts its mouth."""
    for frame in range(count):
        share = (1 - np.cos(frame * np.pi / 5)) / 2
        yield picture(share * OPEN, speaker, x_px=4 * np.sin(frame / 6), roll=0.03 * np.sin(frame / 9))


def points_at(x, y, eyes=60.0):
    """A mesh whose rigid points lie as the template's, ``eyes`` px apart around (x, y)."""
    points = np.zeros((478, 3), np.float32)
    shape = template(112)
    shape = (shape - shape[[0, 3]].mean(0)) / np.linalg.norm(shape[0] - shape[3]) * eyes + (x, y)
    points[list(RIGID), :2] = shape
    return points


def test_similarity_is_recovered_from_rotated_scaled_points():
    angle, scale, shift = 0.4, 1.7, np.array([5.0, -3.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    source = np.random.default_rng(0).normal(size=(8, 2)) * 30
    fitted = fit_similarity(source, source @ turn.T + shift)
    np.testing.assert_allclose(fitted, np.hstack([turn, shift[:, None]]), atol=1e-9)
    moved = apply_affine(np.array([[1.0, 2.0, 3.0]]), fitted)
    assert moved[0, 2] == pytest.approx(3 * scale)  # depth is scaled along


def test_points_that_coincide_are_a_face_error():
    with pytest.raises(FaceError, match="degenerate"):
        fit_similarity(np.ones((8, 2)), template(112))


@pytest.mark.parametrize("size", [56, 112, 224])
def test_template_scales_with_the_crop(size):
    eyes = template(size)[[0, 3]]
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(45 * size / 112)
    assert eyes.mean(0) == pytest.approx([(size - 1) / 2, 41.5 * size / 112 - 0.5])


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.27])
def test_warp_puts_pixels_where_the_affine_says(scale):
    """A soft spot lands on its place to a tenth of a crop pixel, also when the face shrinks a lot."""
    y, x = np.mgrid[:400, :400]
    spot = 255 * np.exp(-((x - 213.3) ** 2 + (y - 187.6) ** 2) / (2 * (4 / scale) ** 2))
    affine = np.array([[scale, 0, 56 - 200 * scale], [0, scale, 56 - 200 * scale]])
    crop = warp(np.repeat(spot[..., None], 3, axis=2).astype(np.uint8), affine, 112)[..., 0].astype(float)
    rows, columns = np.mgrid[:112, :112]
    found = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    np.testing.assert_allclose(found, affine[:, :2] @ (213.3, 187.6) + affine[:, 2], atol=0.1)


def test_warp_does_not_alias():
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than a crop pixel
    affine = np.array([[0.21, 0, 0], [0, 0.21, 0]])
    plain = cv2.warpAffine(stripes, affine, (112, 112), flags=cv2.INTER_LINEAR)
    assert warp(stripes, affine, 112).astype(float).std() < 0.3 * plain.astype(float).std()


def frames_with(pattern):
    """An x is a frame with a face, a dot one without; pixel values tell the frames apart."""
    for number, sign in enumerate(pattern):
        image = np.full((4, 4, 3), number, np.uint8)
        yield image, points_at(100 + 10 * number, 80) if sign == "x" else None


def test_gaps_are_bridged_in_order_and_by_interpolation():
    tally = Tally()
    seen = list(bridge(frames_with("..xx..xx."), 2, 0.4, tally))
    assert [int(sighting.image[0, 0, 0]) for sighting in seen] == list(range(9))
    assert "".join(".x"[sighting.detected] for sighting in seen) == "..xx..xx."
    eye = [float(sighting.points[33, 0] + 30) for sighting in seen]
    assert eye == pytest.approx([120, 120, 120, 130, 140, 150, 160, 170, 170])  # held at the ends
    assert tally == Tally(num_frames=9, num_detected=4, num_bridged=5)


@pytest.mark.parametrize(
    ("pattern", "reason", "detected"),
    [
        ("xx...xx", "face lost for 3 frames", 4),
        ("...xx", "face lost for 3 frames", 2),
        ("xx....", "face lost for 4 frames", 2),
        (".....", "no face", 0),
        ("", "no frames", 0),
        ("x..x..x..", "face found in only 3 of 9 frames", 3),
    ],
)
def test_what_cannot_be_bridged_fails_after_the_last_frame(pattern, reason, detected):
    tally = Tally()
    with pytest.raises(FaceError) as error:
        list(bridge(frames_with(pattern), 2, 0.5, tally))
    assert error.value.reason == reason
    assert (tally.num_frames, tally.num_detected) == (len(pattern), detected)


def test_alignment_is_smoothed_and_the_mesh_is_not():
    rng = np.random.default_rng(3)
    jitter = rng.normal(0, 1.5, (60, 2))
    image = np.zeros((8, 8, 3), np.uint8)
    seen = [Sighting(image, points_at(200 + dx, 150 + dy), True) for dx, dy in jitter]
    steady = np.stack([frame.affine for frame in align(iter(seen), 2.0, 112)])
    loose = np.stack([frame.affine for frame in align(iter(seen), 0.0, 112)])
    assert len(steady) == len(loose) == 60
    shake = np.diff(steady[:, :, 2], axis=0).std() / np.diff(loose[:, :, 2], axis=0).std()
    assert shake < 0.25
    eyes = np.stack([frame.points[33] for frame in align(iter(seen), 2.0, 112)])
    expected = np.stack([apply_affine(s.points[33], a) for s, a in zip(seen, steady, strict=True)])
    np.testing.assert_allclose(eyes, expected, atol=1e-3)


def test_alignment_equals_a_smoothing_of_the_whole_track():
    """The stream's window slides: every frame sees the same neighbours as offline."""
    rng = np.random.default_rng(4)
    places = np.cumsum(rng.normal(0, 1, (40, 2)), axis=0) + 200
    image = np.zeros((8, 8, 3), np.uint8)
    stream = list(align((Sighting(image, points_at(*place), True) for place in places), 2.0, 112))
    offsets = np.arange(40)[:, None] - np.arange(40)
    weights = np.exp(-0.5 * (offsets / 2.0) ** 2) * (np.abs(offsets) <= 6)
    smooth = (weights @ places) / weights.sum(1, keepdims=True)
    for frame, place in zip(stream, smooth, strict=True):
        expected = fit_similarity(points_at(*place)[list(RIGID), :2], template(112))
        np.testing.assert_allclose(frame.affine, expected, atol=1e-3)


def test_memory_holds_no_more_frames_than_gap_and_smoothing_need(mesh):
    """Frames that were handed on are let go: a long clip needs no more memory than a short one."""
    face = picture()
    alive: set[int] = set()
    most = 0

    def source():
        nonlocal most
        for number in range(60):
            frame = face.copy()
            alive.add(number)
            weakref.finalize(frame, alive.discard, number)
            most = max(most, len(alive))
            yield frame

    frames = sum(1 for _ in follow_face(source(), SETTINGS, 112, mesh, Tally()))
    assert frames == 60
    assert 3 * SETTINGS.smoothing_frames < most <= 3 * SETTINGS.smoothing_frames + 4


def test_a_talking_face_is_followed_upright_and_steady(mesh):
    track = track_face(talking(30), SETTINGS, 112, mesh)
    assert track.images.shape == (30, 112, 112, 3)
    assert track.images.dtype == np.uint8
    assert track.points.shape == (30, 478, 3)
    assert track.affine.shape == (30, 2, 3)
    assert track.detected.all()
    eyes = track.points[:, [33, 263], :2]
    tilt = np.degrees(np.arctan2(*(eyes[:, 1] - eyes[:, 0]).T[::-1]))
    assert np.abs(tilt).max() < 3
    assert eyes.mean((0, 1)) == pytest.approx([55.5, 41], abs=2)
    mouth = track.points[:, list(MOUTH), :2]
    assert mouth[..., 1].min() > 62 and mouth[..., 1].max() < 104
    assert mouth[..., 0].min() > 28 and mouth[..., 0].max() < 84
    assert track.points[:, 152, 1].max() < 111  # the chin of an open mouth
    drawn = [(1 - np.cos(frame * np.pi / 5)) / 2 for frame in range(30)]
    assert np.corrcoef(lip_opening(track.points), drawn)[0, 1] > 0.95


def test_what_came_before_does_not_matter(mesh):
    alone = track_face(talking(6), SETTINGS, 112, mesh)
    track_face(talking(4, speaker=3), SETTINGS, 112, mesh)
    again = track_face(talking(6), SETTINGS, 112, mesh)
    np.testing.assert_array_equal(alone.points, again.points)
    np.testing.assert_array_equal(alone.images, again.images)


def test_a_frame_without_a_face_is_bridged(mesh):
    frames = list(talking(14))
    for number in (0, 5, 6):
        frames[number] = np.full_like(frames[number], 127)
    tally = Tally()
    crops = list(follow_face(frames, SETTINGS, 112, mesh, tally))
    assert [crop.detected for crop in crops] == [number not in (0, 5, 6) for number in range(14)]
    assert (tally.num_detected, tally.num_bridged) == (11, 3)
    assert isinstance(crops[0], AlignedFrame)


def test_too_long_a_clip_is_refused_at_once(mesh):
    endless = (picture() for _ in itertools.count())
    tally = Tally()
    with pytest.raises(FaceError) as error:
        list(follow_face(endless, Faces(max_frames=5), 112, mesh, tally))
    assert error.value.reason == "too long: more than 5 frames"


@pytest.mark.parametrize("fill", [0, 127, 255])
def test_no_face_is_seen_where_there_is_none(mesh, fill):
    with pytest.raises(FaceError, match="no face"):
        track_face([np.full((288, 360, 3), fill, np.uint8)] * 3, SETTINGS, 112, mesh)


def test_a_small_face_in_a_large_picture(mesh):
    """108 px from hair to chin in 1920 x 1080, off centre."""
    small = cv2.resize(picture(OPEN), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    large = np.full((1920, 1080, 3), 120, np.uint8)
    large[1300 : 1300 + small.shape[0], 700 : 700 + small.shape[1]] = small
    track = track_face([large] * 4, SETTINGS, 112, mesh)
    eyes = (np.array([180.0, 122.0]) * 0.6) + (700, 1300)
    where = np.linalg.inv(np.vstack([track.affine[-1], [0, 0, 1]])) @ [55.5, 41, 1]
    assert np.linalg.norm(where[:2] - eyes) < 6


def test_of_two_faces_the_bigger_is_followed_even_past_the_other(mesh):
    big, small = picture(speaker=1), cv2.resize(picture(speaker=2), None, fx=0.7, fy=0.7)
    pairs = []
    for frame in range(12):
        wide = np.full((300, 760, 3), 110, np.uint8)
        wide[6:294, 20 + 2 * frame : 380 + 2 * frame] = big
        wide[50 : 50 + small.shape[0], 480 : 480 + small.shape[1]] = small
        pairs.append(wide)
    pairs[6][:, :430] = 110  # the big one is hidden for one frame: do not jump to the other
    track = track_face(pairs, SETTINGS, 112, mesh)
    assert list(np.flatnonzero(~track.detected)) == [6]
    for frame, affine in enumerate(track.affine):
        where = np.linalg.inv(np.vstack([affine, [0, 0, 1]])) @ [55.5, 41, 1]
        assert where[0] == pytest.approx(200 + 2 * frame, abs=8)


def test_meshing_the_crop_agrees_with_meshing_the_source(mesh):
    track = track_face(talking(20), SETTINGS, 112, mesh)
    points, detected = mesh_crops(track.images, SETTINGS)
    assert detected.all()
    assert points.shape == (20, 478, 3)
    assert np.abs(points[..., :2] - track.points[..., :2]).mean() < 1.0
    assert np.corrcoef(lip_opening(points), lip_opening(track.points))[0, 1] > 0.95


def test_crops_without_a_face_take_their_neighbours_points():
    face = track_face(talking(3), SETTINGS, 112).images
    blank = np.full_like(face[0], 127)
    points, detected = mesh_crops([blank, face[0], blank, face[1]], SETTINGS)
    assert detected.tolist() == [False, True, False, True]
    np.testing.assert_array_equal(points[0], points[1])
    np.testing.assert_allclose(points[2], (points[1] + points[3]) / 2, atol=1e-4)
    nothing, none = mesh_crops([blank, blank], SETTINGS)
    assert not none.any()
    assert not nothing.any()


def test_lip_opening_and_mouth_points():
    points = np.zeros((2, 478, 3), np.float32)
    points[:, 33], points[:, 263] = (0, 0, 5), (50, 0, -5)
    points[1, 14] = (0, 10, 3)
    np.testing.assert_allclose(lip_opening(points), [0, 0.2])
    assert mouth_points(points).shape == (2, 20, 2)
    assert len(set(MOUTH)) == 20
