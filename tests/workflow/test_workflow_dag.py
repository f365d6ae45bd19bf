"""The workflow as Snakemake sees it: targets, size of the DAG, linter."""

import pytest
from workspace import make_workspace, scheduled, snakemake

from talkface.metrics.catalogue import all_metrics


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("dag") / "workflow")


def test_targets_go_as_far_as_their_names(workspace):
    features = set(scheduled(workspace, "features"))
    assert features == {
        "generate_corpus", "list_clips", "crop_faces", "label_aus", "extract_mel", "split_clips",
    }  # fmt: skip
    models = set(scheduled(workspace, "models"))
    assert models - features >= {
        "train_autoencoder",
        "train_audio_to_au",
        "train_au_attention",
        "train_renderer",
    }
    scores = set(scheduled(workspace, "scores"))
    assert scores - models >= {
        "generate_clips",
        "generate_controls",
        "score_clips",
    }
    tables = set(scheduled(workspace, "tables"))
    assert tables - scores == {"tabulate_main_results", "tabulate_corpus"}
    report = set(scheduled(workspace, "report"))
    assert report > tables and {"build_report", "render_gallery"} <= report
    assert set(scheduled(workspace)) == report, "the report is the default"


def test_every_protocol_seed_and_variant_has_its_branch(workspace):
    wide = ("variants={wide: {renderer: {width: 24}}}", "main=[ours, wide]")
    both = "evaluation={protocols: [one_shot, inpaint]}"
    rules = scheduled(workspace, "--config", "seeds=[0, 1]", *wide, both)
    assert rules["train_renderer"] == 4 and rules["train_autoencoder"] == 2
    assert rules["track_generated"] == 2 * 2 * (4 + 2 * 2)
    assert rules["score_clips"] == len(all_metrics()) * rules["track_generated"]
    assert rules["generate_clips"] == 2 * 2 * 2 * 2 * 2  # speakers, seeds, variants, sounds, protocols


def test_a_variant_that_nothing_names_is_not_trained(workspace):
    rules = scheduled(workspace, "--config", "variants={wide: {renderer: {width: 24}}}")
    assert rules["train_renderer"] == 1


def test_snakemake_finds_nothing_to_complain_about(workspace):
    done = snakemake(workspace, "--lint", overlay=())
    assert done.returncode == 0, done.stdout
    assert "Lints for" not in done.stdout
