"""docs/adding_network.md is followed in a copy of the tree; its variant is trained and generated from."""

import subprocess
import sys

import pytest
import yaml
from conftest import REPOSITORY
from pages import add_files, append_to_files, blocks_of, copy_tree
from workspace import copy_workspace, environment, scheduled, snakemake

from talkface.acceptance.smallest import copy_workflow

PAGE = "adding_network.md"
MOST_FILES = 6
GENERATED = {"schema": "config.schema.json", "docs": "docs/config.md"}
CLIPS = [f"results/micro/micro/generate/patch/seed-0/one_shot/{speaker}.parquet" for speaker in ("s1", "s2")]


def python(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env=environment() | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = copy_tree(tmp_path_factory.mktemp("network") / "checkout")
    touched = add_files(PAGE, folder) + append_to_files(PAGE, folder)
    for what, name in GENERATED.items():
        made = python(folder, "talkface.config", what)
        assert made.returncode == 0, made.stdout
        (folder / name).write_text(made.stdout)
        touched.append(folder / name)
    assert len(touched) <= MOST_FILES
    return folder, touched


def test_the_page_adds_a_network_and_its_test(checkout):
    folder, touched = checkout
    [test] = [path for path in touched if path.is_relative_to(folder / "tests")]
    done = python(folder, "pytest", "-p", "no:cacheprovider", str(test), "tests/test_architecture.py")
    assert done.returncode == 0, done.stdout[-3000:]
    code = [str(path) for path in touched if path.suffix == ".py"]
    for words in (("ruff", "check", "--no-cache"), ("ruff", "format", "--check", "--no-cache")):
        done = python(folder, *words, *code)
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_nothing_else_has_to_name_it(checkout):
    folder, _ = checkout
    done = python(folder, "mypy")
    assert done.returncode == 0, done.stdout
    known = ("tests/config", "tests/workflow/test_binding.py", "tests/preflight/test_preflight.py")
    done = python(folder, "pytest", "-p", "no:cacheprovider", "-m", "not slow and not full", *known)
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.slow
def test_its_variant_is_trained_beside_a_finished_experiment(checkout, finished_micro, tmp_path):
    folder = copy_workspace(finished_micro, tmp_path / "micro")
    copy_workflow(REPOSITORY, folder)
    before = scheduled(folder)
    copy_workflow(checkout[0], folder)
    assert scheduled(folder) == before, "what was finished does not run again"
    overlay = yaml.safe_load(blocks_of(PAGE, "yaml")[0])
    sizes = {"audio_width": 16, "face_width": 16, "encoder_width": 4, "fusion_widths": [16, 16], "width": 8}
    windows = {"window_frames": 16, "frames_per_window": 4}
    overlay["patch_renderer"] |= {**sizes, **windows}
    overlay["patch_renderer"]["training"] |= {"samples": 64}
    (folder / "patch.yaml").write_text(yaml.safe_dump(overlay))
    done = snakemake(folder, "--cores", "1", "--configfile", "configs/micro.yaml", "patch.yaml", "--", *CLIPS)
    assert done.returncode == 0, done.stdout[-3000:]
    assert all((folder / name).is_file() for name in CLIPS)
