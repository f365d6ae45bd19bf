"""docs/adding_network.md is followed in a copy of the tree; its variant is trained and generated from."""

import pytest
import yaml
from pages import (
    add_files,
    append_to_files,
    beside_finished,
    blocks_of,
    check_code,
    copy_tree,
    python,
)
from workspace import snakemake

pytestmark = pytest.mark.slow

PAGE = "adding_network.md"
MOST_FILES = 6
GENERATED = {"schema": "config.schema.json", "docs": "docs/config.md"}
CLIPS = [f"results/micro/micro/generate/patch/seed-0/one_shot/{speaker}.parquet" for speaker in ("s1", "s2")]


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
    check_code(*checkout, "tests/test_architecture.py")


def test_nothing_else_has_to_name_it(checkout):
    folder, _ = checkout
    done = python(folder, "mypy")
    assert done.returncode == 0, done.stdout
    known = ("tests/config", "tests/workflow/test_binding.py", "tests/preflight/test_preflight.py")
    done = python(folder, "pytest", "-p", "no:cacheprovider", "-m", "not slow and not full", *known)
    assert done.returncode == 0, done.stdout[-5000:]


def test_its_variant_is_trained_beside_a_finished_experiment(checkout, finished_micro, tmp_path):
    folder = beside_finished(finished_micro, checkout[0], tmp_path / "micro")
    overlay = yaml.safe_load(blocks_of(PAGE, "yaml")[0])
    sizes = {"audio_width": 16, "face_width": 16, "encoder_width": 4, "fusion_widths": [16, 16], "width": 8}
    windows = {"window_frames": 16, "frames_per_window": 4}
    overlay["patch_renderer"] |= {**sizes, **windows}
    overlay["patch_renderer"]["training"] |= {"samples": 64}
    (folder / "patch.yaml").write_text(yaml.safe_dump(overlay))
    done = snakemake(folder, "--cores", "1", "--configfile", "configs/micro.yaml", "patch.yaml", "--", *CLIPS)
    assert done.returncode == 0, done.stdout[-3000:]
    assert all((folder / name).is_file() for name in CLIPS)
