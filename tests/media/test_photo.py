"""Photos as people bring them: transparent, turned, of few or many colours, damaged."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from talkface.media.photo import read_photo

COLOURS = np.array([[[200, 30, 60], [20, 160, 90]], [[40, 60, 220], [240, 230, 20]]], np.uint8)
PICTURE = COLOURS.repeat(24, 0).repeat(16, 1)  # [48, 32, 3]
_ORIENTATION = 0x0112


def near(path, expected, most=12) -> bool:
    found = read_photo(path)
    assert found.dtype == np.uint8 and found.flags.c_contiguous and found.shape == expected.shape
    inner = np.s_[4:-4, 4:-4]  # codecs blur where colours meet
    return bool(np.median(np.abs(found[inner].astype(int) - expected[inner])) <= most)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tiff", "gif"])
def test_kinds_of_files(tmp_path, ending):
    path = tmp_path / f"it's a face.{ending}"
    Image.fromarray(PICTURE).save(path)
    assert near(path, PICTURE)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_hidden_colours_do_not_appear(tmp_path, mode):
    alpha = np.full(PICTURE.shape[:2], 255, np.uint8)
    alpha[:24] = 0
    alpha[24:30] = 128
    rgba = Image.fromarray(np.dstack([PICTURE, alpha]))
    path = tmp_path / "cut out.png"
    if mode == "PA":
        palette = rgba.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
        index = palette.getpixel((0, 0))
        palette.save(path, transparency=index)
        assert (read_photo(path)[2, 2] == 255).all()
        return
    rgba.convert(mode).save(path)
    found = read_photo(path)
    assert (found[:24] == 255).all()
    solid = PICTURE if mode == "RGBA" else np.asarray(Image.fromarray(PICTURE).convert("L").convert("RGB"))
    assert np.array_equal(found[30:], solid[30:])
    half = solid[26].astype(float) * 128 / 255 + 255 * 127 / 255
    assert np.abs(found[26] - half).max() <= 2


@pytest.mark.parametrize("ending", ["jpg", "webp", "png", "tiff"])
@pytest.mark.parametrize(("orientation", "turn"), [(3, 2), (6, 3), (8, 1)])
def test_turned_as_the_camera_noted(tmp_path, ending, orientation, turn):
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    path = tmp_path / f"turned.{ending}"
    Image.fromarray(PICTURE).save(path, exif=exif)
    assert near(path, np.rot90(PICTURE, turn))


MIRRORED = {
    2: np.fliplr,
    4: np.flipud,
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, 3),
}


@pytest.mark.parametrize("orientation", MIRRORED)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_a_webp_photo_as_phones_write_it(tmp_path, orientation, order, prefix):
    """With the note after the picture, in either byte order, with or without the mark of a JPEG's note."""
    content, path = io.BytesIO(), tmp_path / "turned.webp"
    Image.fromarray(PICTURE).save(content, "WEBP", lossless=True)
    note = struct.pack(order + "2sHIHHHIHHI", b"II" if order == "<" else b"MM", 42, 8, 1, _ORIENTATION, 3, 1,
                       orientation, 0, 0)  # fmt: skip
    note = prefix + note + bytes(len(prefix + note) % 2)
    height, width = (length - 1 for length in PICTURE.shape[:2])
    header = struct.pack("<4sII", b"VP8X", 10, 8) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    body = b"WEBP" + header + content.getvalue()[12:] + struct.pack("<4sI", b"EXIF", len(note)) + note
    path.write_bytes(struct.pack("<4sI", b"RIFF", len(body)) + body)
    assert np.array_equal(read_photo(path), MIRRORED[orientation](PICTURE))


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "P", "I;16"])
def test_other_colours(tmp_path, mode):
    grey = np.asarray(Image.fromarray(PICTURE).convert("L"))
    path = tmp_path / ("print.tiff" if mode == "CMYK" else "scan.png")
    if mode == "I;16":
        Image.fromarray(grey.astype(np.uint16) * 257).save(path)
    else:
        Image.fromarray(PICTURE).convert(mode).save(path)
    if mode in ("L", "I;16"):
        assert np.array_equal(read_photo(path), np.repeat(grey[..., None], 3, 2))
    elif mode == "1":
        assert set(np.unique(read_photo(path))) == {0, 255}
    else:
        assert near(path, PICTURE, 60)


def test_of_several_pictures_the_first(tmp_path):
    path = tmp_path / "moving.gif"
    other = Image.fromarray(255 - PICTURE)
    Image.fromarray(PICTURE).save(path, save_all=True, append_images=[other])
    assert near(path, PICTURE)


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "bomb", "absent", "folder"])
def test_what_is_no_photo_is_named(tmp_path, monkeypatch, damage):
    path = tmp_path / "face.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    content = path.read_bytes()
    if damage == "bomb":
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    elif damage in ("absent", "folder"):
        path.unlink()
        if damage == "folder":
            path.mkdir()
    else:
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "text": b"no picture"}[damage])
    words = {"bomb": "too large", "absent": "no such file", "folder": "no such file"}
    with pytest.raises(ValueError, match=rf"face\.png: {words.get(damage, 'not a readable picture')}"):
        read_photo(path)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"])
def test_a_large_picture_is_made_smaller_in_every_mode(tmp_path, mode):
    picture = Image.fromarray(PICTURE.repeat(10, 0).repeat(10, 1))  # [480, 320, 3]
    if mode == "I;16":
        picture = Image.fromarray(257 * np.asarray(picture.convert("L"), np.uint16))
    path = tmp_path / ("large.jpg" if mode == "CMYK" else "large.png")
    (picture if mode == "I;16" else picture.convert(mode)).save(path)
    whole, small = read_photo(path), read_photo(path, longest_px=96)
    assert whole.shape == (480, 320, 3) and small.shape == (96, 64, 3)
    assert np.abs(whole.mean((0, 1)) - small.mean((0, 1))).max() < 2
    assert np.array_equal(read_photo(path, longest_px=480), whole)


def test_other_kinds_than_those_named_are_refused(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path, "GIF")
    with pytest.raises(ValueError, match="not a readable picture"):
        read_photo(path, formats=("PNG", "JPEG"))
