"""Generated crops put back into their photo: only what they change, where it was."""

import cv2
import numpy as np
import pytest

from talkface.features.pasting import Pasting
from talkface.media.film import Still

AFFINE = np.array([[0.8, 0, -60], [0, 0.8, -20]])  # the crop's 112 px cover 140 px from (75, 25) on


def paste(face, own, picture, affine):
    pasting = Pasting(own, picture, affine)
    part = pasting.part(face)
    assert not pasting.top % 2 and not pasting.left % 2, "films encode it by itself"
    bottom, right = pasting.top + part.shape[0], pasting.left + part.shape[1]
    assert (bottom % 2 == 0 or bottom == picture.shape[0]) and (right % 2 == 0 or right == picture.shape[1])
    return Still(picture, pasting.top, pasting.left).filled(part)


def test_pasting_back_changes_the_crop_alone():
    picture, own = np.full((200, 300, 3), 50, np.uint8), np.full((112, 112, 3), 50, np.uint8)
    pasted = paste(np.full((112, 112, 3), 250, np.uint8), own, picture, AFFINE)
    assert (pasted[:20] == 50).all() and (pasted[:, :70] == 50).all()
    assert (pasted[70:110, 120:160] == 250).all()
    assert (picture == 50).all()


def test_what_a_face_does_not_change_stays_to_the_bit():
    picture = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)  # finer than a crop can show
    own = cv2.warpAffine(picture, AFFINE, (112, 112), flags=cv2.INTER_AREA)
    assert np.array_equal(paste(own, own, picture, AFFINE), picture)
    noisy = np.clip(own.astype(int) + np.random.default_rng(1).integers(-3, 4, own.shape), 0, 255)
    assert np.array_equal(paste(noisy.astype(np.uint8), own, picture, AFFINE), picture)
    face = own.copy()
    face[80:96, 40:72] = 255  # a mouth
    pasted = paste(face, own, picture, AFFINE)
    changed = np.flatnonzero((pasted != picture).any(axis=(1, 2)))
    assert changed.min() > 25 + 80 / 0.8 - 15 and changed.max() < 25 + 96 / 0.8 + 15
    assert (pasted[130:140, 130:155] > 250).all()


@pytest.mark.parametrize(
    ("shift", "inside"), [((-500, 0), False), ((0, 900), False), ((60, -40), True), ((-90, -60), True)]
)
def test_a_crop_may_reach_beyond_the_photo(shift, inside):
    picture, own = np.full((200, 300, 3), 50, np.uint8), np.full((112, 112, 3), 50, np.uint8)
    affine = AFFINE + np.array([[0, 0, shift[0]], [0, 0, shift[1]]])
    pasted = paste(np.full((112, 112, 3), 250, np.uint8), own, picture, affine)
    assert pasted.shape == picture.shape and (pasted == 250).any() == inside


def test_a_turned_face_is_pasted_where_it_was():
    picture = np.zeros((300, 300, 3), np.uint8)
    affine = cv2.getRotationMatrix2D((150, 150), 40, 0.6) - np.array([[0, 0, 94], [0, 0, 94]])
    own = cv2.warpAffine(picture, affine, (112, 112))
    face = own.copy()
    face[52:60, 52:60] = 255
    rows, columns = np.nonzero(paste(face, own, picture, affine)[..., 0] > 128)
    assert abs(rows.mean() - 150) < 2 and abs(columns.mean() - 150) < 2
