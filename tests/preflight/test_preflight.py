"""The check before heavy jobs: what it counts, what it refuses, and that it lists all problems at once."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from configurations import SHARDS, SPEAKERS, configured
from conftest import REPOSITORY
from safetensors.numpy import save_file

from talkface.config import Config
from talkface.jobs.check_setup import SetupError, before_heavy_jobs, check_setup
from talkface.preflight import machine
from talkface.preflight.estimate import MEASURED, clips_to_generate, estimate
from talkface.preflight.jobs import Job, is_heavy, jobs_of_experiment
from talkface.preflight.source import code_sha256, git_commit


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(config: Config, shards=SHARDS, jobs=None) -> list[str]:
    with pytest.raises(SetupError) as caught:
        check_setup(config=config, shards=shards, results=Path("results/x/y"), jobs=jobs)
    assert not Path("results").exists(), "nothing is written where a problem is found"
    first, *lines = str(caught.value).splitlines()
    assert f"{len(lines)} problem" in first and "nothing was started" in first
    return [line.strip() for line in lines]


def test_the_demo_passes_and_says_what_it_will_take(here):
    text = check_setup(config=configured(), shards=SHARDS, results=here / "results/demo/demo")
    assert "72 clips" in text and "train renderer ours" in text and "on that machine" in text
    assert (here / "results/demo/demo/setup.md").read_text() == text
    data = json.loads((here / "results/demo/demo/setup.json").read_text())
    by_name = {stage["name"]: stage for stage in data["stages"]}
    assert by_name["features"]["amount"] == 72 * 75
    rate = MEASURED["training_samples_per_s"]["autoencoder"][0]["rate"]
    samples = configured().autoencoder.training.samples
    assert by_name["train autoencoder"]["hours"] == pytest.approx(samples / rate / 3600)
    # 2 of 12 clips of four seen speakers, 2 of each unseen one (the cap); own and other sound
    assert by_name["generate ours"]["amount"] == 2 * 6 * 2 * 75
    assert data["source"]["config"]["experiment"] == "demo"
    assert data["machine"]["versions"]["ffmpeg"] and data["machine"]["gpu"] is False


def test_all_problems_are_listed_at_once_with_field_and_remedy(here):
    config = configured(
        faces={"landmarker": "nowhere.task"},
        autoencoder={"training": {"warm_start": "nowhere.safetensors"}},
        preflight={"disk_margin": 1e6},
    )
    lines = problems(config)
    assert [line.split(":")[0] for line in lines] == [
        "autoencoder.training.warm_start",
        "faces.landmarker",
        "results, work, tmp, corpus",
    ]
    assert all(any(word in line for word in ("give", "fetch", "make room")) for line in lines)


def test_the_models_that_find_faces_are_asked_for_where_a_job_runs_them(here, monkeypatch):
    """Absent at the default path, or another file: one line with the remedy, before any heavy job."""
    monkeypatch.setenv("TALKFACE_WEIGHTS", str(here))
    for rule in ("crop_faces", "track_generated"):
        [line] = problems(configured(), jobs=[Job(rule, {"shard": "s1", "seed": "0"})])
        assert line.startswith(f"faces.landmarker: {here / 'face_landmarker.task'}") and "make setup" in line
    check_setup(config=configured(), shards=SHARDS, results=here / "r", jobs=[Job("label_aus")])
    [line] = problems(configured(aus={"backend": "blendshapes"}), jobs=[Job("label_aus")])
    assert line.startswith("faces.landmarker")
    (here / "face_landmarker.task").write_bytes(b"another")
    [line] = problems(configured(), jobs=[Job("crop_faces", {"shard": "s1"})])
    assert hashlib.sha256(b"another").hexdigest() in line and "faces.landmarker_sha256" in line


def test_weights_are_known_by_their_checksum_where_a_job_uses_them(here):
    vgg = here / "vgg19.pth"
    vgg.write_bytes(b"weights")
    good = {"vgg19": str(vgg), "vgg19_sha256": hashlib.sha256(b"weights").hexdigest()}
    bad = good | {"vgg19_sha256": 64 * "0"}
    rows = ["variants.yaml"]
    check_setup(config=configured(*rows, perceptual=good), shards=SHARDS, results=here / "r")
    [line] = problems(configured(*rows, perceptual=bad))
    assert line.startswith("perceptual.vgg19") and good["vgg19_sha256"] in line and 64 * "0" in line
    check_setup(config=configured(perceptual=bad), shards=SHARDS, results=here / "r")  # nobody reads it


def test_weights_to_start_from_must_be_safetensors(here):
    start = here / "start.safetensors"
    config = configured(audio_to_au={"training": {"warm_start": str(start)}})
    start.write_bytes(b"pickle?")
    [line] = problems(config)
    assert line.startswith("audio_to_au.training.warm_start") and "not a readable safetensors" in line
    save_file({"x": np.zeros(3, np.float32)}, start)
    check_setup(config=config, shards=SHARDS, results=here / "r")


def test_openface_needs_its_program_or_its_tables(here):
    [line] = problems(configured(aus={"backend": "openface"}))
    assert line.startswith("aus.openface_program or aus.openface_csv")
    [line] = problems(configured(aus={"backend": "openface", "openface_csv": "absent"}))
    assert line.startswith("aus.openface_csv: 'absent'")
    program = here / "FeatureExtraction"
    program.write_text("not executable")
    [line] = problems(configured(aus={"backend": "openface", "openface_program": str(program)}))
    assert line.startswith("aus.openface_program")


def folder_corpus(root):
    for speaker in ("anna", "ben"):
        (root / speaker).mkdir(parents=True)
        for clip in ("one", "two"):
            (root / speaker / f"{clip}.mp4").write_bytes(b"no film")
    split = {"mine": {"unseen": ["ben"], "held_back": 0.5}}
    corpus = {"reader": "folder", "root": str(root), "synthetic": None, "demo": False}
    return configured(corpus=corpus, split="mine", splits=split)


def test_clips_are_counted_and_those_that_cannot_be_opened_are_named(here):
    config = folder_corpus(here / "clips")
    (here / "clips/anna/two.mp4").unlink()
    (here / "clips/anna/two.mp4").symlink_to("gone.mp4")
    text = check_setup(config=config, shards={"shard": ["anna", "ben"]}, results=here / "r")
    assert "2 speakers, 4 clips" in text
    assert "two.mp4' cannot be opened" in text and "one.mp4" in text, "one is a link, the other no film"
    assert "speaker anna has no transcripts (.txt)" in text
    for clip in ("one", "two"):
        (here / f"clips/ben/{clip}.mp4").unlink()
        (here / f"clips/ben/{clip}.mp4").symlink_to("gone.mp4")
    [line] = problems(config, {"shard": ["anna", "ben"]})
    assert line.startswith("corpus.root: none of speaker ben's clips can be opened")


def test_a_folder_that_is_a_file_cannot_be_written_to(here):
    (here / "work").write_text("in the way")
    [line] = problems(configured())
    assert line.startswith("work: ") and "cannot be written to" in line


def test_a_gpu_that_is_asked_for_must_be_there(here):
    import torch

    config = configured(compute={"device": "cuda"})
    if torch.cuda.is_available():
        huge = configured(compute={"device": "cuda"}, preflight={"gpu_memory_mb": 10**9})
        assert "MB are required" in problems(huge)[0]
    else:
        [line] = problems(config)
        assert line.startswith("compute.device") and "'auto' or 'cpu'" in line
    # the submitting machine of a cluster need not have it
    check_setup(config=config, shards=SHARDS, results=here / "r", computing=False)


def test_memory_is_a_note_unless_no_run_managed_with_so_little():
    jobs = [Job("train_renderer", mem_mb=12_000), Job("crop_faces", mem_mb=3000)]
    assert machine.memory_complaints(jobs, 16_000) == ([], [])
    [], [note] = machine.memory_complaints(jobs, 8000)
    assert "train_renderer" in note and "12000" in note
    [problem], [] = machine.memory_complaints(jobs, 900)
    assert "900 MB" in problem
    assert 500 < machine.memory_mb() < 10**8


def test_only_pending_heavy_jobs_are_checked_and_counted(here, capsys):
    config = configured(preflight={"disk_margin": 1e9})
    given = {"config": config, "shards": SHARDS, "results": here / "r", "computing": True}
    light = [Job("list_clips", {"shard": "s1"}), Job("tabulate_table"), Job("plot_masks"), Job("verify")]
    before_heavy_jobs(jobs=light, **given)
    assert capsys.readouterr().err == "" and not (here / "r").exists()
    with pytest.raises(SetupError):
        before_heavy_jobs(jobs=[*light, Job("crop_faces", {"shard": "s1"})], **given)
    given["config"] = configured()
    before_heavy_jobs(jobs=[Job("crop_faces", {"shard": "s1"})], **given)
    said = capsys.readouterr().err
    assert "900 frames" in said and "train autoencoder" not in said


def test_every_rule_is_heavy_or_named_light():
    scripts = {path.stem for path in (REPOSITORY / "workflow_scripts").glob("*.py")}
    heavy = {name for name in scripts if is_heavy(name)}
    assert {name for name in scripts if name.startswith(("train_", "generate_", "encode_"))} <= heavy
    assert {"crop_faces", "label_aus", "score_clips", "track_generated"} <= heavy
    assert {job.rule for job in jobs_of_experiment(configured(), SPEAKERS)} <= heavy


def test_disk_grows_with_the_corpus_and_its_faces_dominate():
    config = configured("grid.yaml")
    speakers = [f"s{number}" for number in range(1, 35) if number != 21]
    cost = estimate(
        config, jobs_of_experiment(config, speakers), {name: {name: 1000} for name in speakers}, 75
    )
    assert 70e9 < cost.bytes["results"] < 130e9  # docs/paper_tables.md: 48 + 20 + 11 + 2.5 GB, and one method
    assert clips_to_generate(config, "s4", 1000) == 100 and clips_to_generate(config, "s1", 1000) == 50


def test_widths_that_were_not_measured_get_no_time():
    config = configured("paper.yaml", renderer={"width": 200})
    whole = estimate(config, jobs_of_experiment(config, ["s1"]), {"s1": {"s1": 9}}, 75)
    cost = {stage.name: stage for stage in whole.stages}
    assert cost["train renderer ours"].hours is None and cost["train renderer ours"].gflop is None
    assert cost["train autoencoder"].hours is None
    assert cost["train autoencoder"].gflop == pytest.approx(551 * 10_000_000)


def test_without_a_gpu_in_question_torch_stays_out():
    program = (
        "import sys, tempfile, yaml; from pathlib import Path; from talkface.config import validate\n"
        "from talkface.jobs.check_setup import check_setup\n"
        "raw = yaml.safe_load(open('config.yaml')); raw['compute']['device'] = 'cpu'\n"
        f"check_setup(config=validate(raw), shards={SHARDS}, results=Path(tempfile.mkdtemp()))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


def test_commit_and_code_are_recorded(tmp_path):
    run = {"cwd": tmp_path, "check": True, "capture_output": True, "text": True}
    assert git_commit(tmp_path) is None
    subprocess.run(["git", "init", "-q"], **run)
    assert git_commit(tmp_path) is None, "nothing committed"
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.smk").write_text("one")
    subprocess.run(["git", "add", "."], **run)
    author = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *author, "commit", "-q", "-m", "first"], **run)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], **run).stdout.strip()
    assert git_commit(tmp_path) == commit
    subprocess.run(["git", "pack-refs", "--all"], **run)
    assert git_commit(tmp_path) == commit
    subprocess.run(["git", "checkout", "-q", "--detach"], **run)
    assert git_commit(tmp_path) == commit
    before = code_sha256(tmp_path)
    os.utime(tmp_path / "rules/a.smk")
    assert code_sha256(tmp_path) == before
    (tmp_path / "rules/a.smk").write_text("two")
    assert code_sha256(tmp_path) != before
