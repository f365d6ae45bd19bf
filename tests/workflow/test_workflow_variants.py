"""A variant is one block of the config: it schedules its own jobs alone, and frozen stages are shared."""

import pytest
from tiny_training import read_config
from workspace import MICRO, copy_workspace, make_workspace, planned

pytestmark = pytest.mark.slow

PAPER = (*MICRO, "configs/variants.yaml")
SHARED = ("train_autoencoder", "train_audio_to_au", "train_au_attention", "train_au_classifier")
OWN_TABLE = """
tables:
  own: {title: Ours, source: nowhere, rows: [{variant: mine}]}
variants:
"""
DECODER = "  mine: {output: frames, frame_renderer: {speech: [audio], losses: {identity: 1.5}}}\n"
DENOISER = "  mine: {renderer: {fusion: concatenation}}\n"
SAMPLED = "  mine: {sampler: {kind: dpmpp_2m}}\n"
OF_A_VARIANT = {
    "generate_clips": 2,  # shards
    "track_generated": 1,
    "score_clips": 1,
    "tabulate_table": 1,
}


def with_own(folder, variant: str, overlay: tuple[str, ...]) -> tuple[str, ...]:
    (folder / "configs" / "own.yaml").write_text(OWN_TABLE + variant)
    return (*overlay, "configs/own.yaml")


def count(jobs) -> dict[str, int]:
    return {rule: len(found) for rule, found in jobs.items()}


def names(jobs) -> set[str]:
    """Every variant, method and table in the jobs' wildcards."""
    return {
        wildcards[name]
        for found in jobs.values()
        for wildcards in found
        for name in ("variant", "method", "table")
        if name in wildcards
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("variants") / "workflow")


@pytest.fixture(scope="module")
def paper(workspace):
    return planned(workspace, "paper", overlay=PAPER)


def test_the_papers_tables_need_one_training_a_row(paper):
    config = read_config("micro", "variants")
    trained = sorted(wildcards["variant"] for wildcards in paper["train_renderer"])
    assert trained == sorted(config.variants.keys() - {"warp", "a_with_photo"}) and len(trained) == 22


def test_frozen_stages_are_trained_once_for_all_variants(paper):
    assert {rule: len(paper[rule]) for rule in SHARED} == dict.fromkeys(SHARED, 1)
    for rule in ("encode_latents", "encode_masked_latents", "encode_first_faces", "disentangle_faces"):
        assert sorted(wildcards["shard"] for wildcards in paper[rule]) == ["s1", "s2"], rule


def test_only_the_inpaint_table_generates_in_that_protocol(paper):
    shown = {w["variant"] for w in paper["generate_clips"] if w["protocol"] == "inpaint"}
    # the first of `main` is driven by another clip's sound in every table
    assert shown == {"a_inpaint", "b_full", "ours"}
    assert {w["variant"] for w in paper["generate_clips"] if w["sound"]} <= {"ours", "b_full"}


def test_a_table_has_its_rule_and_its_figure(paper):
    tables = sorted(read_config("variants").tables)
    for rule in ("tabulate_table", "plot_table"):
        assert sorted(wildcards["table"] for wildcards in paper[rule]) == tables


def test_one_block_adds_its_own_jobs_to_the_paper_and_no_others(workspace, paper):
    added = planned(workspace, "paper", overlay=with_own(workspace, DECODER, PAPER))
    own = {rule: [job for job in jobs if job not in paper.get(rule, [])] for rule, jobs in added.items()}
    own = {rule: jobs for rule, jobs in own.items() if jobs}
    assert count(own) == {"train_renderer": 1, "plot_table": 1, **OF_A_VARIANT}
    assert names(own) == {"mine", "own"}
    assert all(job in added[rule] for rule, jobs in paper.items() for job in jobs)


@pytest.mark.parametrize(
    ("variant", "training"),
    [
        (DENOISER, {"train_renderer": 1}),
        (DECODER, {"train_renderer": 1}),
        (SAMPLED, {}),
    ],
    ids=["denoiser", "decoder", "sampler"],
)
def test_in_a_finished_experiment_nothing_but_the_variant_is_left_to_do(
    finished_micro, tmp_path, variant, training
):
    workspace = copy_workspace(finished_micro, tmp_path / "micro")
    table = "results/micro/micro/tables/own.csv"
    jobs = planned(workspace, "--", table, overlay=with_own(workspace, variant, MICRO))
    assert count(jobs) == training | OF_A_VARIANT
    assert names(jobs) == {"mine", "own"}
