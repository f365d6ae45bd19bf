"""What cannot be animated is told in one line, before networks are loaded."""

import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from untrained_experiment import refused, untrained

from talkface.media.program import encoders


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("animate"))


@pytest.fixture
def no_models(folder, monkeypatch):
    """A folder whose networks must not be asked for."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        "talkface.animation.animator.load_networks", lambda *_: pytest.fail("networks were loaded")
    )
    return folder


@pytest.mark.parametrize(
    ("photo", "sound", "words"),
    [
        ("absent.png", "speech.wav", "photo absent.png: no such file"),
        ("it's a face.png", "absent.wav", "sound absent.wav: no such file"),
        ("results", "speech.wav", "photo results: not a file"),
        ("it's a face.png", "results", "sound results: not a file"),
        ("absent.png", "absent.wav", "photo absent.png: no such file"),
        ("speech.wav", "it's a face.png", "speech.wav: not a readable picture"),
        ("it's a face.png", "it's a face.png", "no sound"),
    ],
)
def test_a_missing_photo_or_sound_is_told_before_networks_are_loaded(no_models, photo, sound, words):
    assert words in refused(photo, sound, "--output", "never.mp4")
    assert not (no_models / "never.mp4").exists()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("speaking", "the name of a film ends in .mp4, .mkv, .webm, .gif, that of a folder"),
        ("speaking.avi", "--output speaking.avi: the name of a film ends in"),
        ("speaking.mp4.txt", "the name of a film ends in"),
        (".mp4", "the name of a film ends in"),
        ("", "this is a folder that is not empty"),
        ("results", "this is a folder that is not empty"),
        ("results/", "this is a folder that is not empty"),
        ("speech.wav/", "would overwrite speech.wav"),
        ("note.txt/", "this is a file; leave out the slash"),
        ("note.txt/speaking.mp4", "note.txt is a file, not a folder"),
        ("note.txt/deeper/frames/", "note.txt is a file, not a folder"),
        ("/dev/null", "neither a file nor a folder"),
        ("/proc/never.mp4", "/proc cannot be written to"),
        ("/sys/new/frames/", "/sys cannot be written to"),
        ("/dev/shm/", "a file system is mounted here"),
        ("x" * 300 + ".mp4", "File name too long"),
    ],
)
def test_an_output_that_cannot_be_is_told_before_networks_are_loaded(no_models, output, words):
    (no_models / "note.txt").write_text("a note")
    if output == "/dev/shm/" and any(Path(output).iterdir()):
        pytest.skip("something lies in /dev/shm")
    assert words in refused("it's a face.png", "speech.wav", "--output", output)


def test_a_photo_without_a_face_is_told_before_networks_are_loaded(no_models):
    cv2.imwrite("wall.png", np.full((200, 200, 3), 128, np.uint8))
    assert "wall.png: no face" in refused("wall.png", "speech.wav", "--output", "never.mp4")


def test_a_read_only_folder_is_told_before_networks_are_loaded(no_models, tmp_path):
    (tmp_path / "made").mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "ro", "none", str(tmp_path)]
    if shutil.which("mount") is None or os.geteuid() or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("a file system can be mounted by root alone")
    try:
        for output in (tmp_path / "speaking.mp4", f"{tmp_path}/a/b/frames/"):
            said = refused("it's a face.png", "speech.wav", "--output", str(output))
            assert f"{tmp_path} cannot be written to (Read-only file system)" in said
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize(("lacking", "ending"), [("libvpx-vp9", "webm"), ("libopus", "webm"), ("aac", "mkv")])
def test_a_program_without_the_encoders_is_told_before_networks_are_loaded(
    no_models, monkeypatch, lacking, ending
):
    monkeypatch.setattr("talkface.media.film.encoders", lambda: encoders() - {lacking})
    said = refused("it's a face.png", "speech.wav", "--output", f"speaking.{ending}")
    assert "no such encoder" in said and lacking in said and "media.ffmpeg" in said
