"""A photo and a sound to a video, with untrained networks: lengths, blending, errors that name the file."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
import yaml
from conftest import REPOSITORY

from talkface.animate import find_face, main, paste
from talkface.artifacts.weights import save_model
from talkface.config import AuLabels, Config, Faces, merge, validate
from talkface.corpora.synthetic.face import draw_face
from talkface.corpora.synthetic.speaker_look import make_identity
from talkface.features.aus import ClipFrames, open_labeller
from talkface.features.faces import track_face
from talkface.jobs.disentangle_faces import take_apart
from talkface.media.audio import read_audio
from talkface.media.photo import read_photo
from talkface.media.probe import sound_tracks
from talkface.media.program import encoders
from talkface.media.tracks import channels
from talkface.media.video import read_frames
from talkface.models.au_attention import AuGenerator
from talkface.models.audio_to_au import AudioToAu
from talkface.models.autoencoder import VQAutoencoder
from talkface.training.tasks.frame_renderer import build_frame_renderer
from talkface.training.tasks.photo_renderer import build_photo_renderer
from talkface.training.tasks.renderer import build_renderer
from talkface.training.tasks.warp_renderer import build_warp_renderer

OVERLAYS = [REPOSITORY / "config.yaml", *(REPOSITORY / f"configs/{n}.yaml" for n in ("micro", "variants"))]


def configured() -> Config:
    raw = {}
    for path in OVERLAYS:
        raw = merge(raw, yaml.safe_load(path.read_text()))
    return validate(raw)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An experiment's networks, untrained, and a drawn photo with a tenth more than one second of sound."""
    folder = tmp_path_factory.mktemp("animate")
    config = configured()
    networks = {
        "autoencoder/shared": VQAutoencoder(width=8, blocks=1, codes=16),
        "audio_to_au/shared": AudioToAu(),
        "au_attention/shared": AuGenerator(width=8, residual_blocks=1),
        "renderer/ours": build_renderer(config.renderer, config.mfcc, config.video.crop_size, 3),
        "renderer/b_full": build_frame_renderer(
            config.variant_renderer("b_full"), config.mfcc, config.video.crop_size
        ),
        "renderer/warp": build_warp_renderer(
            config.variant_renderer("warp"), config.mfcc, config.video.crop_size
        ),
        "renderer/a_with_photo": build_photo_renderer(
            config.variant_renderer("a_with_photo"), config.mfcc, config.video.crop_size
        ),
    }
    for stage, network in networks.items():
        path = folder / "results" / config.experiment / config.corpus.name / "train" / stage / "seed-0"
        path.mkdir(parents=True)
        save_model(path / "model.safetensors", network, {})
    photo = draw_face(make_identity(0, 1), np.zeros(5))
    cv2.imwrite(str(folder / "it's a face.png"), photo[..., ::-1])
    sound = np.sin(np.arange(int(1.1 * 44_100)) * 0.05).astype(np.float32) * 0.3
    soundfile.write(folder / "speech.wav", sound, 44_100)
    return folder


def animate(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "talkface.animate", *arguments, "--configfile", *map(str, OVERLAYS)],
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
    words = ["it's a face.png", "speech.wav", "--variant", variant, "--crop", "--output", "crop.mp4"]
    main([*words, "--configfile", *map(str, OVERLAYS)])
    frames = list(read_frames(folder / "crop.mp4"))
    assert len(frames) == 28 and frames[0].shape == (112, 112, 3)


@pytest.mark.parametrize("variant", ["a_oracle_aus", "a_inpaint", "nobody"])
def test_a_variant_that_needs_a_true_video_is_refused(folder, monkeypatch, variant):
    monkeypatch.chdir(folder)
    photo, sound = "it's a face.png", "speech.wav"
    with pytest.raises(SystemExit, match=rf"error: --variant {variant}: (it needs a true video|the config)"):
        main([photo, sound, "--variant", variant, "--configfile", *map(str, OVERLAYS)])


def test_the_photo_is_labelled_by_the_experiments_labeller(folder, monkeypatch):
    """What AU-Attention is told of the photo comes from the labeller whose labels it learned."""
    monkeypatch.chdir(folder)
    track = track_face([read_photo(folder / "it's a face.png")], Faces(), 112)
    told = {}
    for backend in ("geometric", "blendshapes"):
        seen = []
        monkeypatch.setattr(
            "talkface.animate.take_apart", lambda *given, at=seen: at.append(given[4]) or take_apart(*given)
        )
        (folder / "labels.yaml").write_text(f"aus: {{backend: {backend}}}")
        main(
            [
                "it's a face.png",
                "speech.wav",
                "--output",
                f"{backend}.mp4",
                "--configfile",
                *map(str, OVERLAYS),
                "labels.yaml",
            ]
        )
        told[backend] = seen[0]
        with closing(open_labeller(AuLabels(backend=backend), Faces())) as labeller:
            frames = ClipFrames("a", track.points, track.detected, lambda: track.images)
            np.testing.assert_allclose(told[backend], labeller.label(frames).raw[0], atol=1e-5)
    assert np.abs(told["geometric"] - told["blendshapes"]).max() > 0.5


def test_openface_labels_no_photo(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "openface.yaml").write_text("aus: {backend: openface, openface_csv: finished}")
    files = [*map(str, OVERLAYS), "openface.yaml"]
    with pytest.raises(SystemExit, match=r"error: aus\.backend: 'openface' labels clips, not one photo"):
        main(["it's a face.png", "speech.wav", "--configfile", *files])
    main(["it's a face.png", "speech.wav", "--variant", "b_full", "--crop", "--configfile", *files])


def test_mistakes_are_one_line_that_names_the_file(folder, monkeypatch):
    monkeypatch.chdir(folder)
    cv2.imwrite(str(folder / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    (folder / "notes.txt").write_text("no sound")
    for arguments, words in [
        (("wall.png", "speech.wav"), ["wall.png", "no face"]),
        (("absent.png", "speech.wav"), ["absent.png", "PNG or JPEG"]),
        (("it's a face.png", "notes.txt"), ["notes.txt"]),
        (("it's a face.png", "speech.wav", "--seed", "7"), ["seed-7", "no such weights file"]),
    ]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--output", "never.mp4", "--configfile", *map(str, OVERLAYS)])
        said = str(ended.value.code)
        assert said.startswith("error: ") and "\n" not in said and all(word in said for word in words), said
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
        with pytest.raises(SystemExit, match=words):
            main(["it's a face.png", "speech.wav", "--output", output, "--configfile", *map(str, OVERLAYS)])
    assert (folder / made_from).read_bytes() == before


def test_a_folder_without_an_experiment_is_told_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"--configfile config\.yaml: no such file; run this in the folder"):
        main(["face.png", "speech.wav"])


@pytest.mark.parametrize("content", [b"a: [1", b"", b"- 1\n- 2", b"\xff\xfe\x00", b"just words"])
def test_a_config_that_is_none_is_one_line_that_names_it(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(SystemExit, match=r"^error: --configfile config\.yaml: (not YAML|no settings)[^\n]*$"):
        main(["face.png", "speech.wav"])


@pytest.fixture
def no_models(folder, monkeypatch):
    """A folder whose networks must not be asked for."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("talkface.animate.load_model", lambda *_: pytest.fail("networks were loaded"))
    return folder


def refused(*arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--configfile", *map(str, OVERLAYS)])
    said = str(ended.value.code)
    assert said.startswith("error: ") and "\n" not in said
    return said


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
def test_films_of_each_kind(folder, odd, capsys, output):
    main(["odd.png", "stereo.wav", "--output", output, "--configfile", *map(str, OVERLAYS)])
    assert ("without sound" in capsys.readouterr().out) == output.endswith("gif")
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
def test_a_folder_of_pictures(folder, odd, capsys, output):
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "link to empty").unlink(missing_ok=True)
    if output.startswith("link"):
        shutil.rmtree(folder / "empty")
        (folder / "empty").mkdir()
        (folder / "link to empty").symlink_to("empty")
    main(["odd.png", "stereo.wav", "--output", output, "--configfile", *map(str, OVERLAYS)])
    assert "without sound" in capsys.readouterr().out
    names = sorted(path.name for path in Path(output).iterdir())
    assert names == [f"{number:06d}.png" for number in range(28)]
    picture = cv2.imread(str(Path(output) / "000005.png"))[..., ::-1]
    assert picture.shape == odd.shape and np.array_equal(picture[:40, :40], odd[:40, :40])
    assert "not empty" in refused("odd.png", "stereo.wav", "--output", output)


def test_a_silent_sound_is_told(folder, odd, caplog):
    soundfile.write("silent.wav", np.zeros(3_200), 16_000)
    main(["odd.png", "silent.wav", "--crop", "--output", "a.mp4", "--configfile", *map(str, OVERLAYS)])
    assert "sound silent.wav: it is silent" in caplog.text


@pytest.mark.slow
def test_a_mistake_ends_the_program_with_its_line_alone(folder):
    done = animate(folder, "absent.png", "speech.wav", "--output", "never.mp4")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "absent.png" in last, done.stderr
    assert not (folder / "never.mp4").exists()


AFFINE = np.array([[0.8, 0, -60], [0, 0.8, -20]])  # the crop's 112 px cover 140 px from (75, 25) on


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


def test_a_photo_without_its_mouth_is_refused_and_a_dark_one_is_told(folder, caplog):
    """By the limits that hold for clips, and before anything is generated."""
    config = configured()
    whole_HW3 = read_photo(folder / "it's a face.png")
    face = find_face(whole_HW3, config, Path("whole.png"))
    assert not caplog.records
    back = cv2.invertAffineTransform(face.affine)
    mouth_row = int(cv2.transform(face.points[None, [13], :2], back)[0, 0, 1])
    with pytest.raises(ValueError, match=r"cut\.png: mouth outside the picture; use a photo"):
        find_face(whole_HW3[:mouth_row], config, Path("cut.png"))
    with pytest.raises(ValueError, match=r"black\.png: no face"):
        find_face(np.zeros_like(whole_HW3), config, Path("black.png"))
    dim_HW3 = (0.25 * whole_HW3).astype(np.uint8)
    find_face(dim_HW3, config, Path("dim.png"))
    assert [record.getMessage() for record in caplog.records] == ["photo dim.png: dark"]
