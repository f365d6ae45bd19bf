"""The command as its users type it: help, codes, JSON, progress, films against the truth, the machine."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module

import pytest
from conftest import REPOSITORY
from untrained_experiment import EXPERIMENT, talkface, untrained

from talkface.bundles.writing import export
from talkface.cli.ending import MEANINGS
from talkface.features import fetch_bundle
from talkface.features.bundle import default_path
from talkface.media.probe import sound_tracks
from talkface.media.video import read_frames

COMMANDS = ("generate", "serve", "evaluate", "export", "info", "doctor")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("command"))


def typed(*words, cwd=None, **variables):
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)} | variables
    return subprocess.run(
        [sys.executable, "-m", "talkface", *map(str, words)],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_the_script_that_pip_installs_is_this_command():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["talkface"].partition(":")
    assert getattr(import_module(module), name) is import_module("talkface.cli.main").app


def test_help_teaches_by_examples_and_is_quick():
    """At most half a second: of processor time, so that other tests beside this one do not count."""
    spans = []
    for _ in range(3):
        before = os.times()
        done = typed("--help", COLUMNS="100")
        after = os.times()
        spans.append(sum(after[2:4]) - sum(before[2:4]))  # of children
        assert done.returncode == 0 and all(f"│ {name} " in done.stdout for name in COMMANDS)
    assert min(spans) < 0.5, spans
    for name in COMMANDS:
        done = talkface(name, "--help")
        assert done.exit_code == 0 and f"talkface {name}" in done.stdout and "Examples" in done.stdout


@pytest.mark.parametrize("words", [("--help",), ("generate", "--help")])
def test_help_imports_nothing_heavy(words):
    code = (
        "import sys\nfrom talkface.cli.main import app\n"
        f"try:\n    app({list(words)!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'numpy', 'pandas', 'mediapipe', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY)
    assert done.stdout.strip().endswith("[]"), done.stdout[-200:] + done.stderr


def test_the_page_lists_every_option_and_code():
    page = (REPOSITORY / "docs/command.md").read_text()
    for name in COMMANDS:
        told = typed(name, "--help", COLUMNS="200").stdout
        for option in set(re.findall(r"(--[a-z][a-z-]+)", told.split("Options")[1])) - {"--help"}:
            assert option in page, f"{name} {option}"
    for code, text in MEANINGS.items():
        assert f"| {code.value} | {text} |" in page


def test_a_wrong_command_line_has_the_code_of_one():
    for words in (("generate",), ("generate", "a", "b", "--frobnicate"), ("frobnicate",), ("info", "a", "b")):
        assert talkface(*words).exit_code == 2


def test_without_a_bundle_it_says_what_to_do(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("talkface.bundles.model.PACKAGED", tmp_path)
    for words in (("generate", "it's a face.png", "speech.wav"), ("info",)):
        done = talkface(*words)
        assert done.exit_code == 4 and "no bundle comes with this installation" in done.stderr
        assert "--model" in done.stderr


def test_the_packages_bundle_is_used_where_none_is_named(folder, monkeypatch, tmp_path):
    export(folder / EXPERIMENT, tmp_path / "packaged", variant="warp")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("talkface.bundles.model.PACKAGED", tmp_path / "packaged")
    done = talkface("generate", "it's a face.png", "speech.wav", "-o", "film.webm", "--json")
    assert done.exit_code == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["frames"], made["seconds"], made["variant"]) == (28, 1.12, "warp")
    assert made["output"] == "film.webm" and made["label"] is True and made["sound"] is True
    assert len(list(read_frames("film.webm"))) == 28 and sound_tracks("film.webm")


@pytest.mark.slow
def test_a_film_from_another_folder_with_nothing_but_its_line(folder, tmp_path):
    export(folder / EXPERIMENT, tmp_path / "bundle", variant="warp")
    photo, sound = folder / "it's a face.png", folder / "speech.wav"
    done = typed("generate", photo, sound, "-m", "bundle", "-o", "deep/er/film.mp4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no lines of libraries about themselves
    assert done.stdout.startswith("deep/er/film.mp4: 28 frames, 1.12 s, ")
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        "README.md", "bundle.json", "film.mp4", "renderer.safetensors",
    ]  # fmt: skip


def test_the_label_is_on_every_frame_unless_it_is_turned_off(folder, monkeypatch):
    monkeypatch.chdir(folder)
    words = ("generate", "it's a face.png", "speech.wav", "--model", EXPERIMENT, "--variant", "warp")
    assert talkface(*words, "-o", "with/").exit_code == 0
    assert talkface(*words, "-o", "without/", "--no-label").exit_code == 0
    from talkface.media.photo import read_photo

    for number in (0, 27):
        one, other = (read_photo(folder / name / f"{number:06d}.png") for name in ("with", "without"))
        height = len(one)
        changed = (one != other).any(-1)
        assert changed[height // 2 :].any() and not changed[: height // 2].any()


@pytest.mark.slow
def test_an_interrupted_film_leaves_nothing(folder, tmp_path):
    """SIGINT and SIGTERM while frames are written."""
    import signal

    import soundfile

    export(folder / EXPERIMENT, tmp_path / "bundle", variant="warp")
    soundfile.write(tmp_path / "long.wav", [[0.1], [-0.1]] * 16_000 * 60, 16_000)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        words = [
            "generate",
            str(folder / "it's a face.png"),
            "long.wav",
            "-m",
            "bundle",
            "-o",
            "out/film.mp4",
        ]
        child = subprocess.Popen(
            [sys.executable, "-m", "talkface", *words],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, stderr=subprocess.PIPE, text=True,
            # what a shell starts in the background ignores SIGINT, and so would this program of ours
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("out/.film*")) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        child.send_signal(number)
        _, said = child.communicate(timeout=60)
        assert child.returncode == code, said
        assert "Traceback" not in said and not list((tmp_path / "out").iterdir())


def test_films_are_measured_against_the_truth(folder, monkeypatch, finished_micro):
    monkeypatch.chdir(finished_micro / "demo_corpus" / "micro")
    truth, other = sorted(path for path in (finished_micro / "demo_corpus/micro/s1").glob("*.mpg"))[:2]
    same = figures("evaluate", str(truth), str(truth))
    assert same["lmd_px"] == 0 and same["lip_correlation_clip"] == pytest.approx(1) and same["ssim"] == 1
    assert same["au_f1"] == 1 and same["detection_percent"] == 100
    done = talkface("evaluate", str(truth), str(truth))
    assert "Lip corr. clip" in done.stdout and "1 film against the truth" in done.stdout
    if len(list(read_frames(other))) == len(list(read_frames(truth))):
        assert figures("evaluate", str(other), str(truth))["lmd_px"] > 0.3


def figures(*words):
    done = talkface(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return {row["measure"]: row["value"] for row in json.loads(done.stdout)["figures"]}


def test_films_in_folders_are_paired_by_name(folder, finished_micro, tmp_path):
    corpus = finished_micro / "demo_corpus" / "micro"
    made = tmp_path / "made"
    (made / "s1").mkdir(parents=True)
    clips = sorted((corpus / "s1").glob("*.mpg"))
    (made / "s1" / clips[0].name).write_bytes(clips[0].read_bytes())
    (made / "s1" / clips[1].name).write_bytes(b"broken")
    (made / "s1" / "stranger.mp4").write_bytes(b"")
    done = talkface("evaluate", str(made), str(corpus), "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told["films"]) == [f"s1/{clips[0].stem}"]
    assert clips[1].name in told["failed"][f"s1/{clips[1].stem}"]
    assert "stranger.mp4: no film of this name" in done.stderr
    assert talkface("evaluate", str(made), str(tmp_path / "made")).exit_code == 0
    assert talkface("evaluate", str(made), str(folder)).exit_code == 3
    assert talkface("evaluate", str(clips[0]), str(corpus)).exit_code == 3


def test_doctor_tells_what_is_missing_and_how_to_get_it(folder, tmp_path):
    export(folder / EXPERIMENT, tmp_path / "bundle", variant="warp")
    done = talkface("doctor", "--model", str(tmp_path / "bundle"), "--json")
    found = {entry["what"]: entry for entry in json.loads(done.stdout)}
    assert done.exit_code == 0 and all(entry["ok"] for entry in found.values()), done.stdout
    assert "micro-micro-warp" in found["model"]["text"] and "torch" in found["versions"]["text"]


def test_doctor_names_the_missing_models_that_find_faces(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TALKFACE_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.setenv("TALKFACE_OFFLINE", "1")
    done = talkface("doctor")
    assert done.exit_code == 5 and "talkface doctor --fetch" in done.stdout
    monkeypatch.chdir(folder)
    done = talkface("generate", "it's a face.png", "speech.wav", "--model", EXPERIMENT, "-o", "never.mp4")
    assert done.exit_code == 5 and "talkface doctor --fetch" in done.stderr


def test_missing_models_that_find_faces_are_fetched_once(folder, tmp_path, monkeypatch):
    """From a server on this machine in place of their address; the command says so."""
    models = default_path()
    handler = partial(SimpleHTTPRequestHandler, directory=models.parent)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{models.name}"
    monkeypatch.setattr(fetch_bundle, "Source", partial(fetch_bundle.Source, url=url))
    monkeypatch.setenv("TALKFACE_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.delenv("TALKFACE_OFFLINE", raising=False)
    monkeypatch.chdir(folder)
    words = ("generate", "it's a face.png", "speech.wav", "--model", EXPERIMENT, "-o")
    first, second = (talkface(*words, str(tmp_path / name)) for name in ("a.mp4", "b.mp4"))
    server.shutdown()
    assert first.exit_code == second.exit_code == 0, first.stderr
    assert "fetching the models that find faces (3.8 MB, once)" in first.stderr
    assert "fetching" not in second.stderr
    assert (tmp_path / "none" / models.name).read_bytes() == models.read_bytes()


def test_doctor_checks_an_experiment_as_check_setup_does(finished_micro, monkeypatch, tmp_path):
    monkeypatch.chdir(finished_micro)
    before = sorted(path.name for path in finished_micro.iterdir())
    files = ("--configfile", "config.yaml", "--configfile", "configs/micro.yaml")
    done = talkface("doctor", "--model", EXPERIMENT, *files)
    assert done.exit_code == 0 and "micro on micro: 2 speakers" in done.stdout
    (tmp_path / "far.yaml").write_text("corpus: {root: /nowhere, synthetic: null}")
    done = talkface("doctor", "--model", EXPERIMENT, *files, "--configfile", str(tmp_path / "far.yaml"))
    assert done.exit_code == 5 and "missing  experiment: " in done.stdout and "/nowhere" in done.stdout
    assert sorted(path.name for path in finished_micro.iterdir()) == before
    (tmp_path / "no.yaml").write_text("- 1")
    assert talkface("doctor", "--configfile", str(tmp_path / "no.yaml")).exit_code == 3
