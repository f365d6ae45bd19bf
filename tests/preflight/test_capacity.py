"""The DAG grows in proportion to variants and seeds, and not with clips; the capacity plan adds up."""

import sys
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import dag
from full_size import (
    CORPORA,
    GpuJob,
    Project,
    core_hours,
    disk_gb,
    gpu_jobs,
    makespan,
    read_project,
)


def read(name: str) -> dict:
    return yaml.safe_load((REPOSITORY / "benchmarks" / name).read_text())


def jobs_of(corpus: str, **sizes: int) -> int:
    return dag.measure(
        corpus, **{"variants": 2, "seeds": 1, "speakers": 3, "clips": 2, "per_shard": "1", **sizes}
    ).jobs


@pytest.mark.slow
def test_jobs_go_with_variants_and_not_with_clips():
    # Two more variants: a training, its clips of three speakers, their tracking and their scores. Twenty
    # times the clips: nothing, since jobs and files are a speaker's.
    assert jobs_of("grid", variants=4, clips=40) - jobs_of("grid") == 2 * (1 + 3 + 1 + 1)


@pytest.mark.full
@pytest.mark.parametrize("corpus", ["grid", "tcd_timit"])
def test_jobs_go_with_seeds_and_more_variants_cost_each_the_same(corpus):
    counts = [jobs_of(corpus, variants=variants) for variants in (2, 4, 8)]
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])
    of_seeds = [jobs_of(corpus, seeds=seeds) for seeds in (1, 2, 3)]
    assert of_seeds[2] - of_seeds[1] == of_seeds[1] - of_seeds[0]


@pytest.mark.full
def test_the_full_size_dag_is_built_within_a_minute():
    costs = [
        dag.measure(c, variants=0, seeds=3, speakers=None, clips=clips) for c, clips in dag.CLIPS.items()
    ]
    assert sum(cost.cpu_seconds for cost in costs) <= dag.GOAL_S


def test_names_of_speakers_are_the_corpora_s():
    assert len(dag.speakers_of("grid")) == 33 and "s21" not in dag.speakers_of("grid")
    config = yaml.safe_load((REPOSITORY / "configs/tcd_timit.yaml").read_text())
    official = config["splits"]["official"]
    assert set(official["seen"]) | set(official["unseen"]) <= set(dag.speakers_of("tcd_timit"))
    assert len(set(dag.speakers_of("tcd_timit"))) == 59


def test_a_schedule_keeps_order_and_fills_the_gpus():
    jobs = [GpuJob("a", 2), GpuJob("b", 3, ("a",)), *(GpuJob(f"c{n}", 1) for n in range(4))]
    assert makespan(jobs, 1) == 9
    assert makespan(jobs, 2) == 5
    assert makespan(jobs, 16) == 5  # b waits for a, however many there are


def test_more_gpus_are_faster_but_no_faster_than_the_longest_chain():
    counted, project = read("counted_operations.yaml"), read_project(REPOSITORY / "configs/variants.yaml")
    for corpus in CORPORA:
        jobs = gpu_jobs(corpus, project, counted, 100.0)
        spans = [makespan(jobs, gpus) for gpus in (1, 4, 16)]
        assert spans == sorted(spans, reverse=True)
        assert spans[0] == pytest.approx(sum(job.hours for job in jobs))
        assert spans[1] >= spans[0] / 4 and spans[2] >= spans[0] / 16
        renderers = [job for job in jobs if job.stage.startswith("train renderers")]
        assert len(renderers) == project.seeds * (project.latent_variants + project.frame_variants)


def test_disk_and_processor_time_grow_with_what_is_trained():
    measured, counted = read("measured_rates.yaml"), read("counted_operations.yaml")
    few, many = Project(1, 1, seeds=1), Project(2, 2, seeds=3)
    for corpus in CORPORA:
        small, large = (disk_gb(corpus, p, measured["tables"], counted) for p in (few, many))
        assert small["aligned faces (lossless)"] == large["aligned faces (lossless)"]
        assert large["latents, whole and masked"] == pytest.approx(3 * small["latents, whole and masked"])
        hours = [core_hours(corpus, p, measured["rules"]) for p in (few, many)]
        assert hours[0]["crop_faces"] == hours[1]["crop_faces"] > 1
        assert hours[1]["track_generated"] == pytest.approx(
            hours[0]["track_generated"] * many.methods * 3 / few.methods
        )


def test_the_page_is_what_the_command_writes():
    import capacity

    project = read_project(REPOSITORY / "configs/variants.yaml")
    assert Path(REPOSITORY, "docs/capacity.md").read_text() == capacity.page(
        project, capacity.MEASURED["gpu"]["tflops"], 8
    )


def test_the_gpu_s_operations_follow_from_its_measured_rates():
    import capacity

    gpu, counted = capacity.MEASURED["gpu"], read("counted_operations.yaml")
    made = [rate * counted[stage]["gflop"] / 1000 for stage, rate in gpu["samples_per_s"].items()]
    assert round(min(made)) == gpu["tflops"]


def test_no_measured_rule_needs_more_memory_than_it_asks_for():
    import capacity

    asked = capacity.memory_of_rules(REPOSITORY / "rules")
    for rule, entry in read("measured_rates.yaml")["rules"].items():
        assert entry["max_rss_mb"] < asked[rule.split()[0]], rule
