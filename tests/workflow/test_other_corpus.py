"""Networks of the smallest experiment on a second drawn corpus: nothing is trained."""

from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY
from workspace import MICRO, copy_workspace, planned, scheduled, snakemake

from talkface.acceptance.smallest import copy_workflow
from talkface.bundles.writing import export

pytestmark = pytest.mark.slow

TRAINED = (
    "autoencoder/shared",
    "audio_to_au/shared",
    "au_attention/shared",
    "renderer/ours",
    "renderer/warp",
)
ELSEWHERE = {
    "experiment": "elsewhere",
    "networks": "results/micro/micro",
    "corpus": {
        "name": "second", "root": "demo_corpus/second",
        "synthetic": {"speakers": 2, "clips_per_speaker": 2, "seed": 5},
    },
    "split": "others",
    "splits": {"others": {"seen": [], "unseen": ["s1", "s2"]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(finished_micro, tmp_path_factory):
    copied = copy_workspace(finished_micro, tmp_path_factory.mktemp("moved") / "micro")
    copy_workflow(REPOSITORY, copied)
    (copied / "elsewhere.yaml").write_text(yaml.safe_dump(ELSEWHERE))
    return copied


OVERLAY = (*MICRO, "elsewhere.yaml")


def test_all_is_made_anew_but_the_networks(folder):
    rules = scheduled(folder, "report", overlay=OVERLAY)
    assert not [name for name in rules if name.startswith("train_")]
    assert rules["take_networks"] == len(TRAINED) and rules["crop_faces"] == 2
    assert rules["generate_clips"] == 8 and rules["build_report"] == 1


def test_networks_are_those_of_the_finished_experiment(folder):
    done = snakemake(folder, "--cores", "1", "--", "models", overlay=OVERLAY)
    assert done.returncode == 0, done.stdout[-3000:]
    for name in TRAINED:
        one, other = (
            Path(folder, f"results/{where}/train/{name}/seed-0/model.safetensors").read_bytes()
            for where in ("micro/micro", "elsewhere/second")
        )
        assert one == other
    assert not scheduled(folder, "models", overlay=OVERLAY)


def test_a_bundle_is_measured_without_an_autoencoder(folder):
    """The bundle of ``warp`` holds the renderer alone."""
    export(folder / "results/micro/micro", folder / "warp-bundle", variant="warp")
    own = ELSEWHERE | {"experiment": "of_bundle", "networks": "warp-bundle", "main": ["warp"]}
    (folder / "of_bundle.yaml").write_text(yaml.safe_dump(own))
    overlay = (*MICRO, "of_bundle.yaml")
    jobs = planned(folder, "tables", overlay=overlay)
    assert not [name for name in jobs if name.startswith("train_")] and len(jobs["take_networks"]) == 1
    assert "autoencoder" not in {wildcards["control"] for wildcards in jobs["generate_controls"]}
    weights = "results/of_bundle/second/train/renderer/warp/seed-0/model.safetensors"
    done = snakemake(folder, "--cores", "1", "--", weights, overlay=overlay)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (folder / weights).read_bytes() == (folder / "warp-bundle/renderer.safetensors").read_bytes()
    missing = snakemake(folder, "--dry-run", "--cores", "1", "--", "report", overlay=overlay)
    assert missing.returncode != 0 and "warp-bundle/au_attention.safetensors" in missing.stdout


def test_a_seed_that_was_not_trained_is_missing_and_never_trained(folder):
    done = snakemake(
        folder, "--dry-run", "--cores", "1", "--config", "seeds=[3]", "--", "models", overlay=OVERLAY
    )
    assert done.returncode != 0 and "MissingInputException in rule take_networks" in done.stdout
    assert "results/micro/micro/train" in done.stdout


def test_other_settings_stop_with_the_field(folder):
    asked = ("--config", "mel={bands: 20}", "--forcerun", "take_networks", "--", "models")
    done = snakemake(folder, "--cores", "1", *asked, overlay=OVERLAY)
    assert done.returncode != 0 and "mel.bands: 20 here, 13 there" in done.stdout, done.stdout[-3000:]
