"""Marks of synthetic films: tags in each kind of file, and the label that is seen."""

import io
import re

import numpy as np
import pytest
from made_media import run
from PIL import Image

from talkface.media.images import decode_png, encode_png
from talkface.media.marks import LABEL, SOURCE_TYPE, VisibleLabel, film_tags, tagged_png
from talkface.media.video import read_frames, write_pictures, write_video

TAGS = film_tags("a-model")


@pytest.fixture
def frames():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (64, 80, 3), np.uint8) for _ in range(5)]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm", "gif"])
def test_each_kind_of_film_carries_its_tags(tmp_path, frames, ending):
    path = tmp_path / f"film.{ending}"
    write_video(path, frames, tags=TAGS)
    run("-i", str(path), "-f", "ffmetadata", str(tmp_path / "tags.txt"))
    text = re.sub(r"\\(.)", r"\1", (tmp_path / "tags.txt").read_text())
    assert f"comment={TAGS['comment']}".lower() in text.lower()
    assert "model a-model" in text
    if ending != "gif":
        assert SOURCE_TYPE in text
    assert len(list(read_frames(path))) == 5  # and it is still a film


def test_the_same_film_has_the_same_bytes(tmp_path, frames):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, frames, tags=TAGS)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_pictures_carry_them_as_text(tmp_path, frames):
    write_pictures(tmp_path / "frames", frames, tags=TAGS)
    with Image.open(tmp_path / "frames/000003.png") as picture:
        assert picture.text["Comment"] == TAGS["comment"] and SOURCE_TYPE in picture.text["Description"]
        assert np.array_equal(np.asarray(picture), frames[3])
    plain = encode_png(frames[0])
    assert tagged_png(plain, {}) == plain
    assert np.array_equal(decode_png(tagged_png(plain, TAGS)), frames[0])
    Image.open(io.BytesIO(tagged_png(plain, TAGS))).verify()


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (512, 512), (112, 112), (40, 24), (8, 8)])
def test_the_label_is_seen_and_covers_little(size):
    grey_HW3 = np.full((*size, 3), 128, np.uint8)
    labelled_HW3 = VisibleLabel(*size).drawn_on(grey_HW3)
    changed_HW = (labelled_HW3 != grey_HW3).any(-1)
    assert changed_HW.any() and (grey_HW3 == 128).all()
    if min(size) >= 112:
        assert changed_HW.mean() < 0.08
        rows, columns = np.nonzero(changed_HW)
        assert rows.min() > size[0] / 2 and columns.min() < size[1] / 10  # lower left
        assert labelled_HW3.max() > 240 and labelled_HW3.min() < 70  # white on dark, on any ground


def test_the_label_on_a_part_of_the_picture():
    """Wherever the part lies: clear of the label, across its edges, or within it."""
    picture_HW3 = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    label = VisibleLabel(120, 160)
    whole_HW3 = label.drawn_on(picture_HW3)
    assert (whole_HW3 != picture_HW3).any()
    for top, left, rows, columns in [
        (0, 0, 40, 40),
        (90, 0, 30, 50),
        (100, 30, 20, 90),
        (108, 8, 4, 4),
        (0, 0, 120, 160),
    ]:
        part = np.s_[top : top + rows, left : left + columns]
        assert np.array_equal(label.drawn_on(picture_HW3[part], top, left), whole_HW3[part])


def test_the_label_says_what_it_should():
    assert LABEL == "AI-generated" and TAGS["comment"].startswith("AI-generated")
