"""The workflow as Snakemake sees it: targets, size of the DAG, linter."""

import re

import pytest
from conftest import REPOSITORY
from workspace import TARGETS, make_workspace, rules_in, scheduled, snakemake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("dag") / "workflow")


def behind(folder, *targets: str) -> dict[str, set[str]]:
    """Target -> the rules of the jobs that it needs, from one plan of all of them; none: the default."""
    done = snakemake(folder, "--dag", "--cores", "1", "--quiet", "all", "--", *targets)
    assert done.returncode == 0, done.stdout[-3000:]
    rule = dict(re.findall(r'^\t(\d+)\[label = "(\w+)', done.stdout, re.M))
    needs: dict[str, set[str]] = {job: set() for job in rule}
    for needed, job in re.findall(r"^\t(\d+) -> (\d+)", done.stdout, re.M):
        needs[job].add(needed)
    found = {}
    for job, name in rule.items():
        if name in TARGETS:
            reached = {job}
            while more := set().union(*(needs[one] for one in reached)) - reached:
                reached |= more
            found[name] = {rule[one] for one in reached} - set(TARGETS)
    return found


def test_targets_go_as_far_as_their_names(workspace):
    rules = behind(workspace, "features", "models", "scores", "tables", "report")
    features, models, scores, tables = (rules[name] for name in ("features", "models", "scores", "tables"))
    assert features == {"generate_corpus", "list_clips", "split_clips"} | rules_in("features")
    assert models - features >= {
        "train_autoencoder",
        "train_audio_to_au",
        "train_au_attention",
        "train_renderer",
    }
    assert scores - models >= {
        "generate_clips",
        "generate_controls",
        "score_clips",
    }
    assert tables - scores == {"tabulate_main_results", "tabulate_orders", "tabulate_corpus"}
    report = rules["report"]
    assert report > tables and {"build_report", "render_gallery"} <= report
    assert behind(workspace) == {"all": report}, "the report is the default"


def test_the_picture_of_the_dag_shows_all_behind_report_and_paper(workspace):
    overlay = ("--configfile", "config.yaml", "configs/variants.yaml")
    drawn = set(re.findall(r">(\w+)</text>", (REPOSITORY / "docs/dag.svg").read_text())) - set(TARGETS)
    planned = set(scheduled(workspace, "report", "paper", overlay=overlay))
    assert planned == drawn, "draw docs/dag.svg again: docs/architecture.md has the command"


def test_every_protocol_seed_and_variant_has_its_branch(workspace):
    wide = ("variants={wide: {renderer: {width: 24}}}", "main=[ours, wide]")
    both = "evaluation={protocols: [one_shot, inpaint]}"
    rules = scheduled(workspace, "--config", "seeds=[0, 1]", *wide, both)
    assert rules["train_renderer"] == 4 and rules["train_autoencoder"] == 2
    assert rules["track_generated"] == 2 * 2 * (4 + 2 * 2) + 1  # "blurred" once
    assert rules["score_clips"] == rules["track_generated"]
    assert rules["generate_clips"] == 2 * 2 * 2 * 2 * 2  # shards, seeds, variants, sounds, protocols


def test_an_external_row_is_made_once_under_its_own_protocol(workspace, tmp_path):
    several = ("seeds=[0, 1]", "evaluation={protocols: [one_shot, inpaint]}")
    films = f"external={{other: {{films: {tmp_path}, protocol: inpaint}}}}"
    without = scheduled(workspace, "--config", *several)
    rules = scheduled(workspace, "--config", *several, films)
    assert rules["align_films"] == 2 and rules["tabulate_external"] == 1  # shards
    assert rules["track_generated"] == without["track_generated"] + 1
    metrics = without["score_clips"] // without["track_generated"]
    assert rules["score_clips"] == without["score_clips"] + metrics
    assert rules["render_gallery"] == without["render_gallery"] + 1
    assert not without["align_films"] and not without["tabulate_external"]
    done = snakemake(workspace, "--dry-run", "--cores", "1", "--config", films)
    assert done.returncode != 0 and "external.other.protocol: 'inpaint' is not in" in done.stdout


def test_a_variant_that_nothing_names_is_not_trained(workspace):
    rules = scheduled(workspace, "--config", "variants={wide: {renderer: {width: 24}}}")
    assert rules["train_renderer"] == 2, "ours and warp"


def test_snakemake_finds_nothing_to_complain_about(workspace):
    done = snakemake(workspace, "--lint", overlay=())
    assert done.returncode == 0, done.stdout
    assert "Lints for" not in done.stdout
