"""What reruns after which change, and what does not: the change matrix, on a finished micro demo."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from edits import NOTHING, RERUN
from workspace import MICRO, copy_workspace, make_workspace, planned, scheduled, snakemake

from talkface.artifacts.schemas import CLIPS
from talkface.artifacts.tables import read_table
from talkface.media.program import executable
from talkface.metrics.catalogue import all_metrics

pytestmark = pytest.mark.slow

RESULTS = "results/micro/micro"
MEASURING = {"score_clips", "tabulate_orders", "tabulate_main_results", "build_report"}
SHOWING = {"render_gallery", "plot_contact_sheet", "plot_lips", "plot_people"}
GENERATING = {"generate_clips", "track_generated"}


@pytest.fixture
def workspace(finished_micro, tmp_path):
    return copy_workspace(finished_micro, tmp_path / "micro")


def test_a_second_run_has_nothing_to_do(workspace):
    done = snakemake(workspace, "--cores", "1")
    assert done.returncode == 0 and "Nothing to be done" in done.stdout


def test_touched_code_reruns_nothing(workspace):
    for folder in ("workflow_scripts", "talkface", "rules"):
        for path in (workspace / folder).rglob("*"):
            path.touch()
    for name in ("Snakefile", "config.yaml", "configs/micro.yaml"):
        (workspace / name).touch()
    assert scheduled(workspace) == {}


def test_edits_that_cannot_change_a_result_rerun_nothing(workspace):
    assert len(NOTHING) >= 14
    for edit in NOTHING:
        edit.apply(workspace)
    assert scheduled(workspace) == {}, "tests/provenance/test_code_version.py says which"


@pytest.fixture(scope="module")
def graph(finished_micro):
    """The rules of the experiment, and what each rests on."""
    done = snakemake(finished_micro, "--rulegraph", "--cores", "1", "--quiet", "all")
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', done.stdout))
    assert "train_renderer" in names.values(), done.stdout[-2000:]
    below = {name: set() for name in names.values()}
    for source, target in re.findall(r"(\d+) -> (\d+)", done.stdout):
        below[names[target]].add(names[source])
    return below


@pytest.fixture(scope="module")
def before(finished_micro) -> dict[str, str]:
    """The code versions of the experiment as it is."""
    return code_versions(finished_micro)


def with_dependants(rules, graph) -> set[str]:
    reached = reached_from(rules, graph)
    of_controls = {name: below - {"generate_clips"} for name, below in graph.items()}
    if "tabulate_orders" not in rules and "score_clips" not in reached_from(rules, of_controls):
        reached.discard("tabulate_orders")  # the scores of control rows alone are behind it
    return reached - {"all"}


def reached_from(rules, graph) -> set[str]:
    reached = set(rules)
    while more := {name for name, below in graph.items() if below & reached} - reached:
        reached |= more
    return reached


@pytest.mark.parametrize("edit", RERUN, ids=lambda edit: edit.name)
def test_an_edit_that_can_change_a_result_reruns_its_dependants_alone(workspace, graph, before, edit):
    assert len(RERUN) >= 12
    edit.apply(workspace)
    after = code_versions(workspace)
    heard = {rule_of(name) for name in after if before[name] != after[name]} & set(graph)
    named = {rule_of(name) for name in edit.rules}
    heard = heard or named  # a value of the configuration is no code
    assert heard >= named
    assert set(scheduled(workspace)) == with_dependants(heard, graph)


def rule_of(name: str) -> str:
    """Of rule ``score_clips`` each metric has a code version of its own."""
    return "score_clips" if name.removeprefix("score_") in all_metrics() else name


def code_versions(workspace) -> dict[str, str]:
    """As the copy's own package computes them."""
    program = (
        "from pathlib import Path\nfrom talkface.acceptance.accept import CHOSEN, versions_of\n"
        "from talkface.provenance.code import code_version\n"
        "for path in sorted(Path('workflow_scripts').glob('*.py')):\n"
        "    versions = [code_version(path, *chosen) for chosen in CHOSEN.get(path.stem, [()])]\n"
        "    print(path.stem, '+'.join(versions))\n"
        "for name, version in versions_of(Path()).items(): print(name, version)"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=workspace, capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


def test_an_edit_of_one_metric_computes_that_metric_alone(workspace, before):
    kept = workspace / "work/micro/micro/scores/static/seed-0/one_shot"
    times = {path.stem: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert set(times) == set(all_metrics())
    [edit] = [edit for edit in RERUN if edit.name == "lip metric"]
    edit.apply(workspace)
    scores = workspace / RESULTS / "scores/static/seed-0/one_shot"
    done = snakemake(workspace, "--cores", "1", "--", str((scores / "lips.parquet").relative_to(workspace)))
    assert done.returncode == 0, done.stdout[-3000:]
    written = {name for name in times if (kept / f"{name}.parquet").stat().st_mtime_ns != times[name]}
    after = code_versions(workspace)
    changed = {name for name in times if before[f"score_{name}"] != after[f"score_{name}"]}
    assert written == changed and "lips" in changed and "pixels" not in changed
    for name in times:
        assert (scores / f"{name}.parquet").read_bytes() == (kept / f"{name}.parquet").read_bytes()


def test_another_ffmpeg_on_the_path_reruns_nothing(finished_micro, tmp_path, monkeypatch):
    other = tmp_path / "ffmpeg"
    other.write_text(
        f'#!/bin/sh\n[ "$1" = -version ] && echo ffmpeg version 99.9 && exit\nexec {executable()} "$@"\n'
    )
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert shutil.which("ffmpeg") == str(other)
    assert scheduled(finished_micro) == {}
    assert scheduled(finished_micro, "--config", "media={ffmpeg: system}") == {}


def test_a_sampler_setting_reruns_generation_scores_and_tables_only(workspace):
    rules = scheduled(workspace, "--config", "sampler={steps: 3}")
    # of control rows alone the orders are made
    assert set(rules) == (GENERATING | MEASURING | SHOWING) - {"tabulate_orders"}
    assert rules["generate_clips"] == 4  # two speakers, own and another sound; warp denoises nothing
    assert scheduled(workspace, "--config", "sampler={fusion_window_frames: 40}")["generate_clips"] == 8


def test_an_unrelated_section_reruns_nothing_else(workspace):
    assert set(scheduled(workspace, "--config", "gallery={clips_per_subset: 1}")) == set()
    rules = scheduled(workspace, "--config", "aus={presence_threshold: 2.0}")
    assert "label_aus" in rules
    assert not set(rules) & {
        "crop_faces",
        "extract_mel",
        "split_clips",
        "train_autoencoder",
        "encode_latents",
    }


def test_the_models_that_find_faces_count_by_their_content_and_not_by_their_place(workspace):
    assert scheduled(workspace, "--config", "faces={landmarker: elsewhere/face_landmarker.task}") == {}
    rules = scheduled(workspace, "--config", f"faces={{landmarker_sha256: {'ab' * 32}}}")
    assert rules["crop_faces"] == 2
    rules = scheduled(workspace, "--config", "aus={backend: blendshapes}")
    assert "label_aus" in rules and "crop_faces" not in rules


def test_a_new_variant_trains_only_itself(workspace):
    wide = ("variants={wide: {renderer: {width: 24}}}", "main=[ours, wide]")
    rules = scheduled(workspace, "--config", *wide)
    assert rules["train_renderer"] == 1
    assert not set(rules) & {
        "train_autoencoder",
        "train_audio_to_au",
        "train_au_attention",
        "generate_controls",
    }


def test_a_removed_artifact_is_remade_when_named_and_reported_by_verify(workspace):
    mel = f"{RESULTS}/features/s2/mel.parquet"
    aside = (workspace / mel).rename(workspace / "mel.parquet")
    assert scheduled(workspace) == {}, "an intermediate that nothing pending needs"

    done = snakemake(workspace, "--cores", "1", "verify")
    assert done.returncode != 0
    assert f"hole: {mel}" in done.stdout
    assert not (workspace / mel).exists(), "verify reports, it remakes nothing"

    assert scheduled(workspace, "--", mel) == {"extract_mel": 1}
    aside.rename(workspace / mel)
    table = f"{RESULTS}/tables/main_results.csv"
    (workspace / table).unlink()
    assert set(scheduled(workspace, "--", table)) == {"tabulate_main_results"}
    scores = f"{RESULTS}/scores/static/seed-0/one_shot/lips.parquet"
    (workspace / scores).unlink()
    assert scheduled(workspace, "--", scores) == {"score_clips": 1}


def verify_log(workspace) -> str:
    return (workspace / "logs/micro/micro/verify.log").read_text()


def test_verify_names_unreadable_and_foreign_files(workspace):
    done = snakemake(workspace, "--cores", "1", "verify")
    assert done.returncode == 0, done.stdout[-3000:]
    cut = workspace / RESULTS / "features/s1/aus.parquet"
    cut.write_bytes(cut.read_bytes()[:-30])
    weights = workspace / RESULTS / "train/renderer/ours/seed-0/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    swapped = workspace / RESULTS / "split.parquet"
    swapped.write_bytes((workspace / RESULTS / "features/s1/checks.parquet").read_bytes())
    foreign = workspace / RESULTS / "features/s9/faces.parquet"
    foreign.parent.mkdir()
    foreign.write_text("not ours")
    done = snakemake(workspace, "--cores", "1", "verify")
    assert done.returncode != 0
    lines = [line.strip() for line in verify_log(workspace).splitlines()]  # the screen has its end
    for path, kind in (
        (cut, "unreadable"),
        (weights, "unreadable"),
        (swapped, "unreadable"),
        (foreign, "foreign"),
    ):
        name = str(path.relative_to(workspace))
        assert [line for line in lines if line.startswith(f"{kind}: {name}")], (
            f"{kind} {name}: {done.stdout[-3000:]}"
        )


FOLDER = """
corpus: {reader: folder, synthetic: null, name: folder}
splits: {micro: {seen: [anna, ben], unseen: [cleo]}}
"""


def test_one_added_clip_touches_one_shard(tmp_path):
    workspace = make_workspace(tmp_path / "folder")
    root = workspace / "clips"
    for speaker in ("anna", "ben", "cleo"):
        (root / speaker).mkdir(parents=True)
        for clip in ("one", "two"):
            (root / speaker / f"{clip}.mp4").write_bytes(b"not decoded here")
    (workspace / "folder.yaml").write_text(FOLDER)
    overlay = (*MICRO, "folder.yaml", "--config", "root=clips")
    listings = [f"results/micro/folder/clips/{speaker}.parquet" for speaker in ("anna", "ben", "cleo")]
    done = snakemake(workspace, "--cores", "1", "--", *listings, overlay=overlay)
    assert done.returncode == 0, done.stdout[-3000:]
    assert scheduled(workspace, "--", *listings, overlay=overlay) == {}
    (root / "ben" / "three.mp4").write_bytes(b"one more")
    assert scheduled(workspace, "--", *listings, overlay=overlay) == {"list_clips": 1}
    (root / "ben" / "three.mp4").unlink()
    assert scheduled(workspace, "--", *listings, overlay=overlay) == {}
    moved = root.rename(workspace / "elsewhere")
    moved_overlay = tuple("root=elsewhere" if part == "root=clips" else part for part in overlay)
    assert moved.is_dir()
    assert scheduled(workspace, "--", *listings, overlay=moved_overlay) == {}, (
        "where they lie changes nothing"
    )


def test_another_speaker_leaves_the_other_shards_as_they_are(tmp_path):
    workspace = make_workspace(tmp_path / "folder")
    (workspace / "folder.yaml").write_text(FOLDER + "speakers_per_shard: 2\n")
    overlay = (*MICRO, "folder.yaml", "--config", "root=clips")
    listings = [f"results/micro/folder/clips/{shard}.parquet" for shard in ("anna", "shard-0")]
    for speaker in ("anna", "ben", "cleo"):
        (workspace / "clips" / speaker).mkdir(parents=True)
        (workspace / "clips" / speaker / "one.mp4").write_bytes(b"not decoded here")
    done = snakemake(workspace, "--cores", "1", "--", *listings, overlay=overlay)
    assert done.returncode == 0, done.stdout[-3000:]
    table = read_table(workspace / listings[1], CLIPS)
    assert table["speaker"].to_pylist() == ["ben", "cleo"], "a row names its speaker"
    (workspace / "clips/emil").mkdir()
    (workspace / "clips/emil/one.mp4").write_bytes(b"another speaker")
    assert planned(workspace, "--", listings[1], overlay=overlay) == {}
    assert snakemake(workspace, "--cores", "1", "-n", "--", listings[0], overlay=overlay).returncode != 0
    both = "results/micro/folder/clips/shard-1.parquet"
    [job] = planned(workspace, "--", both, overlay=overlay)["list_clips"]
    assert job["shard"] == "shard-1"


def test_verify_names_what_was_made_from_other_content(workspace):
    """Whole files of the right kind at the right places and times: only their content tells."""
    features = workspace / RESULTS / "features"
    times = (features / "s1/mel.parquet").stat()
    shutil.copyfile(features / "s2/mel.parquet", features / "s1/mel.parquet")
    os.utime(features / "s1/mel.parquet", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert scheduled(workspace) == {}
    done = snakemake(workspace, "--cores", "1", "verify")
    assert done.returncode != 0
    told = [line.split() for line in verify_log(workspace).splitlines()]
    stale = {words[1] for words in told if words[:1] == ["stale:"]}
    trained = "train/audio_to_au/shared/seed-0"
    for name in (f"{trained}/model.safetensors", f"{trained}/features/s1.parquet"):
        assert f"{RESULTS}/{name}:" in stale, done.stdout[-3000:]
    assert not [name for name in stale if "features/s2/" in name or "train/autoencoder" in name]
