"""The SLURM profile and the workflow agree on rules, requests and plugin; no controller is needed."""

import re
import tomllib
from types import SimpleNamespace

import pytest
import yaml
from conftest import REPOSITORY
from packaging.requirements import Requirement

from talkface.config import Compute

PROFILE = yaml.safe_load((REPOSITORY / "profiles/slurm/config.yaml").read_text())
DEFAULT = yaml.safe_load((REPOSITORY / "profiles/default/config.yaml").read_text())


def rules() -> dict[str, str]:
    """Rule -> its text, of all rules that run a script."""
    texts = "\n".join(path.read_text() for path in sorted((REPOSITORY / "rules").glob("*.smk")))
    blocks = re.findall(r"^rule (\w+):\n((?:(?:    .*)?\n)+)", texts, flags=re.MULTILINE)
    return {name: text for name, text in blocks if "script:" in text}


def kinds() -> dict[str, dict]:
    """Kind of job -> what it asks for, on a machine with a GPU."""
    compute = Compute(processes=1, threads=1)
    names = {"GPU": 1, "CONFIG": SimpleNamespace(compute=compute)}
    exec((REPOSITORY / "rules/resources.smk").read_text(), names)
    return names


RULES = rules()
KINDS = kinds()
OWN = {rule: KINDS[re.findall(r"resources:\n        \*\*(\w+),", text)[0]] for rule, text in RULES.items()}
REQUESTS = PROFILE["set-resources"]


def asked(rule: str, resource: str, attempt: int) -> int:
    value = OWN[rule][resource]
    return value if isinstance(value, int) else value(None, attempt)


@pytest.mark.parametrize("rule", RULES)
def test_each_further_attempt_asks_for_more(rule):
    assert asked(rule, "mem_mb", 3) > asked(rule, "mem_mb", 2) > asked(rule, "mem_mb", 1) >= 500
    if rule.startswith("train_"):
        assert asked(rule, "runtime", 2) == asked(rule, "runtime", 1), "a training goes on where it was"
    else:
        assert asked(rule, "runtime", 2) == 2 * asked(rule, "runtime", 1)


def test_gpu_stages_ask_for_a_gpu_and_no_other_has_a_line():
    assert len(RULES) > 30
    on_gpu = {rule for rule, text in RULES.items() if "gpu" in OWN[rule] or "gpu=GPU" in text}
    assert set(REQUESTS) == on_gpu
    assert {own["gpu"] for own in REQUESTS.values()} == {1}


def test_a_training_takes_a_card_whole_and_short_jobs_share_one():
    [limit] = DEFAULT["resources"]
    name, _, whole = limit.partition("=")
    assert name == "gpu_share" and int(whole) == 100
    shares = {rule: own.get("gpu_share", 0) for rule, own in OWN.items() if "gpu" in own}
    assert {rule for rule, share in shares.items() if share == 100} == {
        rule for rule in RULES if rule.startswith("train_")
    }
    short = {rule: share for rule, share in shares.items() if not rule.startswith(("train_", "check_"))}
    assert short and all(0 < share <= 50 for share in short.values())


def test_every_training_and_nothing_else_is_warned_of_its_time_limit():
    signalled = {rule for rule, own in REQUESTS.items() if "--signal=TERM@" in own.get("slurm_extra", "")}
    assert signalled == {rule for rule in RULES if rule.startswith("train_")}


def test_groups_hold_short_cpu_rules_and_never_all_speakers_at_once():
    groups = PROFILE["groups"]
    assert set(groups) <= set(RULES)
    assert not set(groups) & set(REQUESTS), "GPU stages"
    assert "split_clips" not in groups, "it would tie the features of all shards into one job"
    assert set(PROFILE["group-components"]) <= set(groups.values())


def test_what_reruns_is_the_same_as_locally():
    for key in ("rerun-triggers", "rerun-incomplete", "keep-going", "show-failed-logs"):
        assert PROFILE[key] == DEFAULT[key], key
    assert PROFILE["resources"] == ["slot=1"], "how many GPUs there are, SLURM knows"


def test_the_plugin_is_an_extra_of_the_pinned_version():
    lines = (REPOSITORY / "envs/slurm.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    [plugin] = map(Requirement, extras["slurm"])
    assert plugin.specifier.contains(pins[plugin.name])
    assert plugin.name not in (REPOSITORY / "envs/constraints.txt").read_text()
