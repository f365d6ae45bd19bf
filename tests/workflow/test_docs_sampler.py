"""docs/adding_sampler.md is followed in a copy of the tree, and the result runs at tests' size."""

import cv2
import numpy as np
import pytest
import yaml
from configurations import refused
from pages import add_files, blocks_of, copy_tree, python
from workspace import copy_workspace, scheduled, snakemake

from talkface.artifacts.tables import read_metadata
from talkface.corpora.synthetic.face import draw_face
from talkface.corpora.synthetic.speaker_look import make_identity

PAGE = "adding_sampler.md"
MOST_FILES = 2


@pytest.mark.slow
def test_the_page_adds_a_sampler_and_its_test(tmp_path):
    copy_tree(tmp_path)
    added = add_files(PAGE, tmp_path)
    assert len(added) <= MOST_FILES
    done = python(tmp_path, "pytest", "-p", "no:cacheprovider", *map(str, added[1:]))
    assert done.returncode == 0, done.stdout
    for check in (("check",), ("format", "--check")):
        done = python(tmp_path, "ruff", *check, "--no-cache", *map(str, added))
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_added_sampler_generates_clips(finished_micro, tmp_path):
    folder = copy_workspace(finished_micro, tmp_path / "workflow")
    add_files(PAGE, folder)
    assert scheduled(folder) == {}, "no clip of another sampler is generated again"
    [overlay] = blocks_of(PAGE, "yaml")
    path = overlay.splitlines()[0].removeprefix("# ")
    (folder / path).write_text(overlay)
    configs = ("--configfile", "config.yaml", "configs/micro.yaml", path)
    [variant] = yaml.safe_load(overlay)["variants"]
    clips = f"results/micro/micro/generate/{variant}/seed-0/one_shot/s1.parquet"

    assert scheduled(folder, clips, overlay=configs) == {"generate_clips": 1}, "not trained again"
    done = snakemake(folder, "--cores", "2", clips, overlay=configs)
    assert done.returncode == 0, done.stdout[-3000:]
    made = read_metadata(folder / clips)["sampler"]
    assert (made["kind"], made["steps"]) == (variant, 6)

    image = draw_face(make_identity(0, 1), np.zeros(5))
    cv2.imwrite(str(folder / "face.png"), image[..., ::-1])
    sound = next((folder / "demo_corpus/micro").rglob("*.mpg"))
    words = ["talkface", "generate", "face.png", str(sound), "--model", "results/micro/micro"]
    words += ["--variant", variant]
    done = python(folder, *words)
    assert done.returncode == 0 and (folder / "speaking.mp4").is_file(), done.stdout


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sampler": {"kind": "hoin"}}, "sampler.kind"),
        ({"variants": {"fast": {"sampler": {"kind": "hoin"}}}}, "variants.fast.kind"),
    ],
)
def test_a_sampler_without_a_file_is_refused_with_those_that_exist(changes, field):
    message = refused(changes)
    assert field in message and "'hoin' is not one of consistency, ddim, dpmpp_2m, euler" in message
