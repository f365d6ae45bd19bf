"""Sharing by --cache: which rules, under which keys, and what a second experiment finds there."""

import os
import re
import subprocess

import pytest
from conftest import REPOSITORY
from workspace import MICRO, command, environment, make_workspace, rules_in

RULES = rules_in("features") | {
    "train_autoencoder", "train_audio_to_au", "train_au_attention", "train_au_classifier",
    "train_sync_evaluator", "train_lip_reader",
    "encode_latents", "encode_masked_latents", "encode_first_faces", "predict_aus", "disentangle_faces",
}  # fmt: skip
EVALUATORS = {"train_sync_evaluator", "train_lip_reader"}
"""One for all seeds: theirs is in their section."""
OTHER = "experiment: second\n"
TABLE = "results/{}/micro/features/{}/{}.parquet"


def blocks() -> dict[str, str]:
    found = {}
    for path in sorted((REPOSITORY / "rules").glob("*.smk")):
        for block in re.split(r"\n(?=rule )", path.read_text()):
            if (name := re.match(r"rule (\w+):", block)) and "\n    cache:" in block:
                found[name[1]] = block
    return found


def params(block: str) -> str:
    return block.split("    params:\n")[1].split("    script:\n")[0]


def test_features_and_frozen_stages_are_shared_and_nothing_else():
    assert set(blocks()) == RULES


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_key_tells_apart_all_but_experiments(rule):
    """Snakemake's key has no wildcards: two seeds would share one training, two speakers one shard."""
    block = blocks()[rule]
    outputs = block.split("    output:\n")[1].split("    cache:")[0]
    wildcards = set(re.findall(r"\{(\w+)\}", outputs)) - {"experiment", "corpus"}
    if rule in EVALUATORS:
        name = rule.removeprefix("train_")
        assert f'section(CONFIG.metrics.evaluators.{name}, exclude={{"enabled"}})' in params(block), (
            "its seed"
        )
    else:
        assert wildcards
    for name in wildcards:
        assert f'        key_{name}="{{{name}}}",\n' in params(block)
    assert "{experiment}" not in params(block) and "CONFIG.experiment" not in params(block)
    assert "CONFIG.corpus" not in params(block), "the corpus' root: another mount would not share"


@pytest.mark.parametrize("rule", sorted(rule for rule in RULES if rule.startswith("train_")))
def test_weights_to_start_from_are_no_part_of_a_key_so_such_a_training_is_not_shared(rule):
    place = "metrics.evaluators." if rule in EVALUATORS else ""
    assert f"not CONFIG.{place}{rule.removeprefix('train_')}.training.warm_start" in blocks()[rule]


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def snakemake(folder, cache, *arguments, overlay=MICRO):
    place = {} if cache is None else {"SNAKEMAKE_OUTPUT_CACHE": str(cache)}
    inherited = {name: value for name, value in environment().items() if name != "SNAKEMAKE_OUTPUT_CACHE"}
    done = subprocess.run(
        command("--cores", "1", "--cache", *arguments, overlay=overlay),
        cwd=folder, env=inherited | place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=1800,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    folder = make_workspace(tmp_path / "workflow")
    code, said = snakemake(folder, None, "--dry-run")
    assert code != 0 and "error: --cache: set SNAKEMAKE_OUTPUT_CACHE" in said
    code, said = snakemake(folder, tmp_path / "absent", "--dry-run")
    assert code != 0 and "absent: no folder that you may write to" in said
    (tmp_path / "there").mkdir()
    code, said = snakemake(folder, tmp_path / "there", "generate_clips", "--dry-run")
    assert code != 0 and "error: --cache: generate_clips: not to be shared" in said


def targets(experiment: str) -> list[str]:
    return [TABLE.format(experiment, speaker, name) for speaker in ("s1", "s2") for name in ("aus", "mel")]


@pytest.mark.full
def test_a_second_experiment_of_a_second_user_takes_the_features_from_the_first(tmp_path, shared):
    first, second = (make_workspace(tmp_path / name) for name in ("first", "second"))
    (second / "other.yaml").write_text(OTHER)
    overlay = (*MICRO, "other.yaml")
    code, said = snakemake(first, shared, "--", *targets("micro"))
    assert code == 0, said[-3000:]
    assert said.count("to cache.") == 2 * (3 + 1 + 2)
    assert (
        (first / "logs/micro/micro/crop_faces/s1.benchmark.tsv").read_text().startswith("s\th:m:s\tmax_rss")
    )

    code, said = snakemake(second, shared, "--", *targets("second"), overlay=overlay)
    assert code == 0, said[-3000:]
    assert "to cache." not in said and said.count("from cache.") == 2 * (3 + 1 + 2)
    ran = {path.parent.name for path in (second / "logs/second").rglob("*.benchmark.tsv")}
    assert ran == {"generate_corpus", "list_clips"}
    for mine, theirs in zip(targets("second"), targets("micro"), strict=True):
        assert os.path.samefile(second / mine, first / theirs)
    names = {os.path.realpath(second / path) for path in targets("second")}
    assert len(names) == 4, "each speaker has files of its own"
    assert "Nothing to be done" in snakemake(second, shared, "--", *targets("second"), overlay=overlay)[1]

    changed = ("--config", "mel={bands: 14}", "--", *targets("second"))
    code, said = snakemake(second, shared, *changed, overlay=overlay)
    assert code == 0, said[-3000:]
    assert said.count("to cache.") == 2 * 2, "the mel tables and their checks, and nothing else"


@pytest.fixture
def bucket():
    """The address of a local S3 server with an empty bucket ``talkface``."""
    for module in ("snakemake_storage_plugin_s3", "moto", "flask", "flask_cors"):
        pytest.importorskip(module, reason=f"{module} is not installed (envs/s3.txt)")
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=address, region_name="us-east-1", **KEYS)
    client.create_bucket(Bucket="talkface")
    yield address, client
    server.stop()


KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.mark.full
def test_features_in_a_bucket_and_a_second_run_has_nothing_to_do(bucket, tmp_path):
    address, client = bucket
    folder = make_workspace(tmp_path / "workflow")
    mel = TABLE.format("micro", "s1", "mel")
    there = (
        *("--workflow-profile", "profiles/s3", "--cores", "1", "--default-storage-prefix", "s3://talkface/x"),
        *("--storage-s3-endpoint-url", address, "--", mel),
    )
    keys = {f"SNAKEMAKE_STORAGE_S3_{name}_KEY": "test" for name in ("ACCESS", "SECRET")}
    for says in ("4 jobs.", "Nothing to be done"):
        done = subprocess.run(
            command(*there), cwd=folder, env=environment() | keys, text=True, timeout=1800,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0 and says in done.stdout, done.stdout[-3000:]
    kept = {entry["Key"] for entry in client.list_objects_v2(Bucket="talkface")["Contents"]}
    assert f"x/{mel}" in kept
    assert not list((folder / "results").rglob("*.parquet")), "none of it is here"
