"""A photo and a sound to a video, with untrained networks: lengths, blending, errors that name the file."""

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from untrained_experiment import EXPERIMENT, configured, generated, note_setup, refused, untrained

from talkface.animation.portrait import find_face, label_face
from talkface.config import AuLabels, Faces
from talkface.features.aus import ClipFrames, open_labeller
from talkface.features.faces import track_face
from talkface.media.audio import read_audio
from talkface.media.photo import read_photo
from talkface.media.probe import sound_tracks
from talkface.media.tracks import channels
from talkface.media.video import read_frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("animate"))


def animate(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "talkface", "generate", *arguments, "--model", EXPERIMENT],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_a_photo_speaks_as_long_as_its_sound(folder):
    done = animate(folder, "it's a face.png", "speech.wav", "--output", "speaking.mp4")
    assert done.returncode == 0, done.stderr
    frames = list(read_frames(folder / "speaking.mp4"))
    photo = cv2.imread(str(folder / "it's a face.png"))[..., ::-1]
    assert len(frames) == 28  # ceil(1.1 s x 25)
    assert frames[0].shape == photo.shape
    corner = np.s_[:40, :40]
    assert np.abs(frames[5][corner].astype(int) - photo[corner]).mean() < 6  # the surroundings stay
    assert np.abs(frames[5].astype(int) - photo).mean() > 6  # untrained networks do change the face
    assert np.abs(read_audio(folder / "speaking.mp4")).max() > 0.1


@pytest.mark.parametrize("variant", ["b_full", "warp", "a_with_photo"])
def test_every_renderer_speaks(folder, monkeypatch, variant):
    monkeypatch.chdir(folder)
    generated("it's a face.png", "speech.wav", "--variant", variant, "--crop", "--output", "crop.mp4")
    frames = list(read_frames(folder / "crop.mp4"))
    assert len(frames) == 28 and frames[0].shape == (112, 112, 3)


@pytest.mark.parametrize("variant", ["a_oracle_aus", "a_inpaint", "nobody"])
def test_a_variant_that_needs_a_true_video_is_refused(folder, monkeypatch, variant):
    monkeypatch.chdir(folder)
    said = refused("it's a face.png", "speech.wav", "--variant", variant, code=4)
    assert f"variant '{variant}': " in said
    assert "it needs a true video" in said or "results/micro/micro has a_concatenation" in said, said


def test_the_photo_is_labelled_by_the_experiments_labeller(folder, monkeypatch):
    """What AU-Attention is told of the photo comes from the labeller whose labels it learned."""
    monkeypatch.chdir(folder)
    track = track_face([read_photo(folder / "it's a face.png")], Faces(), 112)
    told = {}
    for backend in ("geometric", "blendshapes"):
        seen = []

        def watched(*given, at=seen):
            at.append(label_face(*given))
            return at[0]

        monkeypatch.setattr("talkface.animation.portrait.label_face", watched)
        note_setup(folder, {"aus": {"backend": backend}})
        generated("it's a face.png", "speech.wav", "--output", f"{backend}.mp4")
        told[backend] = seen[0]
        with closing(open_labeller(AuLabels(backend=backend), Faces())) as labeller:
            frames = ClipFrames("a", track.points, track.detected, lambda: track.images)
            np.testing.assert_allclose(told[backend], labeller.label(frames).raw[0], atol=1e-5)
    assert np.abs(told["geometric"] - told["blendshapes"]).max() > 0.5
    note_setup(folder)


def test_openface_labels_no_photo(folder, monkeypatch):
    monkeypatch.chdir(folder)
    note_setup(folder, {"aus": {"backend": "openface", "openface_csv": "finished"}})
    said = refused("it's a face.png", "speech.wav", code=4)
    assert "aus.backend: 'openface' labels clips, not one photo" in said
    generated("it's a face.png", "speech.wav", "--variant", "b_full", "--crop", "--output", "crop.mp4")
    note_setup(folder)


def test_mistakes_are_one_line_that_names_the_file(folder, monkeypatch):
    monkeypatch.chdir(folder)
    cv2.imwrite(str(folder / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    (folder / "notes.txt").write_text("no sound")
    for arguments, words, code in [
        (("wall.png", "speech.wav"), ["wall.png", "no face"], 3),
        (("absent.png", "speech.wav"), ["absent.png", "PNG or JPEG"], 3),
        (("it's a face.png", "notes.txt"), ["notes.txt"], 3),
        (("it's a face.png", "speech.wav", "--variant", "c_full"), ["c_full", "no such weights file"], 4),
    ]:
        said = refused(*arguments, "--output", "never.mp4", code=code)
        assert all(word in said for word in words), said
    assert not (folder / "never.mp4").exists()


@pytest.mark.parametrize("made_from", ["it's a face.png", "speech.wav"])
def test_what_a_video_is_made_from_is_never_overwritten(folder, monkeypatch, made_from):
    monkeypatch.chdir(folder)
    (folder / "link.mp4").unlink(missing_ok=True)
    (folder / "link.mp4").symlink_to(made_from)
    before = (folder / made_from).read_bytes()
    for output, words in [
        (made_from, f"would overwrite {made_from}"),
        (str(folder / made_from), f"would overwrite {made_from}"),
        ("link.mp4", f"would overwrite {made_from}"),
        (".", "this is a folder that is not empty"),
    ]:
        assert words in refused("it's a face.png", "speech.wav", "--output", output)
    assert (folder / made_from).read_bytes() == before


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"source": {"config": {"experiment": "x"}}}'])
def test_a_setup_that_is_none_is_one_line_that_names_it(folder, tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / EXPERIMENT).mkdir(parents=True)
    (tmp_path / EXPERIMENT / "setup.json").write_text(content)
    photo, sound = str(folder / "it's a face.png"), str(folder / "speech.wav")
    said = refused(photo, sound, "--output", "never.mp4", code=4)
    assert "setup.json: " in said and "snakemake check_setup" in said


@pytest.fixture
def odd(folder, monkeypatch):
    """The photo, with odd numbers of rows and columns; and sound at 48 kHz in two channels out of phase."""
    monkeypatch.chdir(folder)
    picture = cv2.imread("it's a face.png")
    height, width = (length - 1 + length % 2 for length in picture.shape[:2])
    cv2.imwrite("odd.png", picture[:height, :width])
    tone = 0.3 * np.sin(np.arange(int(1.1 * 48_000)) * 0.05).astype(np.float32)
    soundfile.write("stereo.wav", np.stack([tone, -tone], 1), 48_000)
    return cv2.imread("odd.png")[..., ::-1]


@pytest.mark.parametrize("output", ["a.mp4", "a.mkv", "a.webm", "a.gif", "new/folder/A.MP4", "100%d's.webm"])
def test_films_of_each_kind(folder, odd, output):
    done = generated("odd.png", "stereo.wav", "--output", output, "--variant", "warp")
    assert ("without sound" in done.stdout) == output.endswith("gif")
    frames = list(read_frames(output))
    height, width = odd.shape[:2]
    assert len(frames) == 28
    assert np.abs(frames[5][:40, :40].astype(int) - odd[:40, :40]).mean() < 6
    if output.endswith("gif"):
        assert frames[0].shape == odd.shape and not sound_tracks(output)
        return
    assert frames[0].shape == (height + 1, width + 1, 3)
    [track] = sound_tracks(output)
    assert (track.sample_rate, track.layout) == (48_000, "stereo")
    left_right_SC = np.concatenate(list(channels(output, track)))
    assert abs(len(left_right_SC) / 48_000 - 28 / 25) < 0.03
    assert np.corrcoef(*left_right_SC[4_800:48_000].T)[0, 1] < -0.99  # still out of phase
    assert not left_right_SC[int(1.105 * 48_000) :].std() > 0.02  # held in silence


@pytest.mark.parametrize("output", ["frames/", "deep/er/frames/", "empty", "link to empty", "100%d's.png/"])
def test_a_folder_of_pictures(folder, odd, output):
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "link to empty").unlink(missing_ok=True)
    if output.startswith("link"):
        shutil.rmtree(folder / "empty")
        (folder / "empty").mkdir()
        (folder / "link to empty").symlink_to("empty")
    done = generated("odd.png", "stereo.wav", "--output", output, "--variant", "warp")
    assert "without sound" in done.stdout
    names = sorted(path.name for path in Path(output).iterdir())
    assert names == [f"{number:06d}.png" for number in range(28)]
    picture = cv2.imread(str(Path(output) / "000005.png"))[..., ::-1]
    assert picture.shape == odd.shape and np.array_equal(picture[:40, :40], odd[:40, :40])
    assert "not empty" in refused("odd.png", "stereo.wav", "--output", output)


def test_a_silent_sound_is_told(folder, odd):
    soundfile.write("silent.wav", np.zeros(3_200), 16_000)
    done = generated("odd.png", "silent.wav", "--crop", "--output", "a.mp4", "--variant", "warp")
    assert "sound silent.wav: it is silent" in done.stderr


@pytest.mark.slow
def test_a_mistake_ends_the_program_with_its_line_alone(folder):
    done = animate(folder, "absent.png", "speech.wav", "--output", "never.mp4")
    assert done.returncode == 3
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "absent.png" in last, done.stderr
    assert not (folder / "never.mp4").exists()


def test_a_photo_without_its_mouth_is_refused_and_a_dark_one_is_told(folder, caplog):
    """By the limits that hold for clips, and before anything is generated."""
    config = configured()
    own = config.faces, config.limits, config.video.crop_size
    whole_HW3 = read_photo(folder / "it's a face.png")
    face = find_face(whole_HW3, *own, "whole.png")
    assert not caplog.records
    back = cv2.invertAffineTransform(face.affine)
    mouth_row = int(cv2.transform(face.points[None, [13], :2], back)[0, 0, 1])
    with pytest.raises(ValueError, match=r"cut\.png: mouth outside the picture; use a photo"):
        find_face(whole_HW3[:mouth_row], *own, "cut.png")
    with pytest.raises(ValueError, match=r"black\.png: no face"):
        find_face(np.zeros_like(whole_HW3), *own, "black.png")
    dim_HW3 = (0.25 * whole_HW3).astype(np.uint8)
    find_face(dim_HW3, *own, "dim.png")
    assert [record.getMessage() for record in caplog.records] == ["photo dim.png: dark"]
