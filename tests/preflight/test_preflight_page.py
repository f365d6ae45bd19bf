"""The page of the check: its columns add up, and it quotes no GPU where there is none."""

import itertools
import re
import sys

import pytest
import yaml
from configurations import configured
from conftest import REPOSITORY

from talkface.jobs import split_clips
from talkface.preflight.corpus import Survey
from talkface.preflight.estimate import MEASURED, clips_to_generate, estimate
from talkface.preflight.jobs import Job, jobs_of_experiment
from talkface.preflight.page import as_data, as_text

sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import full_size

SPEAKERS = ["s1", "s2", "s3", "s4"]
CLIPS = {name: {name: 1000} for name in SPEAKERS}
CONFIGS = (["grid.yaml", "paper.yaml"], ["grid.yaml", "variants.yaml", "paper.yaml"], ["real.yaml"], [])
UNITS = {"min": 1.0, "h": 60.0, "PFLOP": 1.0}


def page(overlays: list[str], machine: dict) -> str:
    config = configured(*overlays)
    found = Survey(clips=dict.fromkeys(SPEAKERS, 1000))
    cost = estimate(config, jobs_of_experiment(config, SPEAKERS), CLIPS, 75)
    return as_text(as_data(config, found, cost, machine, []))


def amount(cell: str) -> float:
    """A cell's minutes or operations; a dash is nothing."""
    number, _, unit = cell.replace(",", "").partition(" ")
    return 0.0 if number == "-" else float(number) * UNITS.get(unit, 1.0)


@pytest.mark.parametrize("overlays", CONFIGS, ids=lambda names: "+".join(names) or "demo")
def test_every_column_adds_up_to_its_sum(overlays):
    lines = page(overlays, {"device": "2 CPU thread(s)", "gpu": False}).splitlines()
    head, _, *rows, together = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")
    ]
    assert together[:3] == ["together", "", ""] and len(rows) > 5, "Snakemake counts other jobs too"
    for place in (head.index("measured"), head.index("counted")):
        cells = [row[place] for row in rows]
        assert all(re.fullmatch(r"-|[\d,.]+ (min|h|PFLOP)", cell) for cell in cells), cells
        rounding = sum(0.06 if "h" not in cell else 3.1 for cell in [*cells, together[place]])
        assert amount(together[place]) == pytest.approx(sum(map(amount, cells)), abs=rounding), head[place]


def test_hours_of_a_gpu_are_quoted_only_where_there_is_one():
    paper = ["grid.yaml", "paper.yaml"]
    without = page(paper, {"device": "2 CPU thread(s)", "gpu": False})
    assert "GPU" not in without and "FLOP/s" not in without and "PFLOP" in without
    [line] = [line for line in page(paper, {"device": "A100", "gpu": True}).splitlines() if "GPU" in line]
    operations = 551 * 10_000_000 + 147 * 60_000_000 + 181 * 40_000_000
    assert (
        f" {operations / 1.66e5 / 3600:.1f} h on a GPU at 166 TFLOP/s (as measured: one NVIDIA H200" in line
    )


def test_the_check_and_the_capacity_plan_count_the_same_operations():
    counted = yaml.safe_load((REPOSITORY / "benchmarks/counted_operations.yaml").read_text())
    for stage, [entry] in MEASURED["gflop_per_sample"].items():
        passes = full_size._PASSES.get(stage, 1.0)
        assert entry["rate"] == pytest.approx(passes * counted[stage]["gflop"], rel=0.02), stage


def test_encoding_has_a_time_only_for_the_widths_that_were_measured():
    for overlays, known in (([], True), (["grid.yaml", "paper.yaml"], False)):
        config = configured(*overlays)
        cost = estimate(
            config, jobs_of_experiment(config, SPEAKERS), {name: {name: 9} for name in SPEAKERS}, 75
        )
        [line] = [line for line in cost.stages if line.name == "encode_latents"]
        assert (line.hours is not None) == known


def test_as_many_clips_are_expected_as_the_split_holds_back():
    for share, clips in itertools.product((0.0, 0.05, 0.34, 0.5), range(8)):
        splits = {"demo": {"seen": ["s1"], "held_back": share}}
        config = configured(splits=splits, evaluation={"max_clips_per_speaker": None})
        split = config.splits["demo"]
        subsets = split_clips._subsets({f"s1/{number}": "s1" for number in range(clips)}, split)
        held_back = list(subsets.values()).count("seen_test")
        assert clips_to_generate(config, "s1", clips) == held_back, (share, clips)


def test_weights_of_the_papers_widths_take_the_room_of_their_parameters():
    counted = yaml.safe_load((REPOSITORY / "benchmarks/counted_operations.yaml").read_text())
    config = configured("grid.yaml", "paper.yaml")
    jobs = [job for job in jobs_of_experiment(config, SPEAKERS) if job.wildcards.get("variant") == "ours"]
    jobs = [job for job in jobs if job.rule == "train_renderer"]
    room = estimate(config, jobs, {}, 75).bytes
    assert room["results"] == pytest.approx(4 * counted["renderer"]["parameters"])
    assert room["work"] == 4 * room["results"]


def test_large_pictures_take_the_time_that_they_were_measured_to_take():
    for corpus in full_size.CORPORA:
        overlay = f"{corpus.name.lower().replace('-', '_')}.yaml"
        config = configured(overlay)
        [line] = estimate(config, [Job("crop_faces", {"shard": "x"})], {"x": {"x": 100}}, 100).stages
        assert line.hours == pytest.approx(10_000 / (corpus.crop_frames_per_s or 101) / 3600)
