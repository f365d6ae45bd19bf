"""What reruns after which change, and what does not: the change matrix, on a finished micro demo."""

import os
import shutil
import time

import pytest
from workspace import MICRO, copy_workspace, make_workspace, scheduled, snakemake

pytestmark = pytest.mark.slow

RESULTS = "results/micro/micro"
MEASURING = {"score_pixels", "score_lips", "score_aus", "tabulate_main_results", "build_report"}
SHOWING = {"render_gallery", "plot_contact_sheet", "plot_lips"}
GENERATING = {"generate_clips", "track_generated"}


@pytest.fixture
def workspace(finished_micro, tmp_path):
    return copy_workspace(finished_micro, tmp_path / "micro")


def edit(path, text):
    path.write_text(path.read_text() + text)
    later = time.time() + 5
    os.utime(path, (later, later))


def test_a_second_run_has_nothing_to_do(finished_micro):
    done = snakemake(finished_micro, "--cores", "1")
    assert done.returncode == 0 and "Nothing to be done" in done.stdout


def test_comments_and_touched_code_rerun_nothing(workspace):
    for folder in ("workflow_scripts", "talkface", "rules"):
        for path in (workspace / folder).rglob("*"):
            path.touch()
    for name in ("Snakefile", "config.yaml", "configs/micro.yaml"):
        (workspace / name).touch()
    edit(workspace / "talkface/models/denoiser.py", "\n# a remark\n")
    edit(workspace / "talkface/features/faces.py", '\n"""A remark."""\n')
    edit(workspace / "workflow_scripts/train_renderer.py", "# a remark\n")
    edit(workspace / "rules/train.smk", "\n\n# a remark\n")
    assert scheduled(workspace) == {}


def test_a_constant_in_a_stage_reruns_it_and_its_dependants(workspace):
    edit(workspace / "talkface/stages/train_renderer.py", "\nCONSTANT = 1\n")
    rules = scheduled(workspace)
    assert set(rules) == {"train_renderer", "plot_training"} | GENERATING | MEASURING | SHOWING
    assert rules["train_renderer"] == 1
    # two speakers, own and other sound; the controls stay as they are
    assert rules["generate_clips"] == 4
    assert rules["track_generated"] == rules["score_pixels"] == 2  # a job a method


def test_a_constant_in_a_script_reruns_its_rule_and_its_dependants(workspace):
    edit(workspace / "workflow_scripts/score_lips.py", "CONSTANT = 1\n")
    assert set(scheduled(workspace)) == {"score_lips", "tabulate_main_results", "build_report"}


def test_a_constant_in_a_figure_generates_nothing(workspace):
    edit(workspace / "talkface/steps/plot_contact_sheet.py", "\nCONSTANT = 1\n")
    assert set(scheduled(workspace)) == {"plot_contact_sheet", "build_report"}


@pytest.mark.parametrize("name", ["published.yaml", "templates/report.css"])
def test_a_published_number_or_a_template_remakes_what_is_reported_alone(workspace, name):
    edit(workspace / "talkface/reporting" / name, "\n")
    rules = set(scheduled(workspace))
    assert rules >= {"tabulate_main_results", "build_report"}
    assert {rule.split("_")[0] for rule in rules} <= {"tabulate", "plot", "build"}


def test_a_sampler_setting_reruns_generation_scores_and_tables_only(workspace):
    rules = scheduled(workspace, "--config", "sampler={steps: 3}")
    assert set(rules) == GENERATING | MEASURING | SHOWING
    assert rules["generate_clips"] == 4


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
    (workspace / mel).unlink()
    assert scheduled(workspace) == {}, "an intermediate that nothing pending needs"

    done = snakemake(workspace, "--cores", "1", "verify")
    assert done.returncode != 0
    assert f"hole: {mel}" in done.stdout
    assert not (workspace / mel).exists(), "verify reports, it remakes nothing"

    assert scheduled(workspace, "--", mel) == {"extract_mel": 1}
    table = f"{RESULTS}/tables/main_results.csv"
    (workspace / table).unlink()
    assert set(scheduled(workspace, "--", table)) == {"tabulate_main_results"}
    scores = f"{RESULTS}/scores/static/seed-0/one_shot/lips.parquet"
    (workspace / scores).unlink()
    assert scheduled(workspace, "--", scores) == {"score_lips": 1}


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
    lines = [line.strip() for line in done.stdout.splitlines()]
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


def test_one_added_clip_touches_one_speaker(tmp_path):
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


def test_verify_names_what_was_made_from_other_content(workspace):
    """Whole files of the right kind at the right places and times: only their content tells."""
    features = workspace / RESULTS / "features"
    times = (features / "s1/mel.parquet").stat()
    shutil.copyfile(features / "s2/mel.parquet", features / "s1/mel.parquet")
    os.utime(features / "s1/mel.parquet", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert scheduled(workspace) == {}
    done = snakemake(workspace, "--cores", "1", "verify")
    assert done.returncode != 0
    stale = {line.split()[1] for line in done.stdout.splitlines() if line.strip().startswith("stale: ")}
    trained = "train/audio_to_au/shared/seed-0"
    for name in (f"{trained}/model.safetensors", f"{trained}/features/s1.parquet"):
        assert f"{RESULTS}/{name}:" in stale, done.stdout[-3000:]
    assert not [name for name in stale if "features/s2/" in name or "autoencoder" in name]
