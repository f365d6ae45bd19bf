"""Every rule gives its job exactly what the job takes; what does not fit is refused by name."""

import importlib
from pathlib import Path
from typing import Annotated

import pytest
from configurations import DEFAULT
from conftest import REPOSITORY
from pydantic import BaseModel
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings
from workspace import make_workspace

from talkface.config import Compute, Config, Corpus
from talkface.runtime.binding import BindingError, OfConfig, OfWildcards, Rule, bind
from talkface.workflow.internals import own_rules

OVERLAYS = (
    "config.yaml", "configs/variants.yaml", "configs/micro.yaml", "configs/micro_tables.yaml",
    "configs/micro_evaluators.yaml",
)  # fmt: skip


def rule(**parts) -> Rule:
    empty = {"files": {}, "params": {}, "wildcards": {}, "resources": {}, "config": DEFAULT}
    return Rule("some_rule", **(empty | parts))


class Place(BaseModel):
    experiment: str
    variant: str = "shared"


def job(
    *,
    clips: Path,
    faces: list[Path],
    weights: Path | None,
    seed: int,
    compute: Compute,
    place: Place,
    corpus: Annotated[Corpus, OfConfig()],
    config: Annotated[Config, OfConfig()],
    work: Annotated[Path, OfWildcards("work/{experiment}")],
    code: str,
    published: Path = Path("published"),
) -> None:
    """Takes something of each kind."""


FITTING = {
    "files": {"clips": "a", "faces": ["b", "c"], "weights": []},
    "params": {
        "code": "0",
        "key_listing": "1",
        "compute": {"threads": 3},
        "corpus": {"reader": DEFAULT["corpus"]["reader"]},
    },
    "wildcards": {"experiment": "demo", "seed": "7"},
    "resources": {"processes": 2},
}


def test_each_argument_has_its_type():
    given = bind(job, rule(**FITTING))
    assert given["clips"] == Path("a") and given["faces"] == [Path("b"), Path("c")]
    assert given["weights"] is None and given["seed"] == 7
    assert given["compute"] == Compute(threads=3, processes=2), "a field that is never dumped is a resource"
    assert given["place"] == Place(experiment="demo")
    assert isinstance(given["config"], Config) and given["corpus"] == given["config"].corpus
    assert given["work"] == Path("work/demo") and given["code"] == "0"
    assert "published" not in given, "its default stays"


@pytest.mark.parametrize(
    ("part", "name", "value", "problem"),
    [
        ("files", "clips", None, "no input, output, param, wildcard or resource is named clips"),
        ("files", "clips", ["a", "b"], "clips is 2 files, and Path was expected"),
        ("files", "weights", ["a", "b"], "weights is 2 files"),
        ("files", "extra", "a", "job takes no argument extra"),
        ("params", "extra", 1, "job takes no argument extra"),
        ("params", "clips", 1, "clips is a file and a param"),
        ("params", "compute", {"thread": 3}, r"compute\.thread: Extra inputs"),
        ("params", "corpus", {"reader": "folder"}, "param corpus is not part of section corpus"),
        ("wildcards", "seed", "x", "seed: Input should be a valid integer"),
        ("wildcards", "experiment", None, "named experiment"),
    ],
)
def test_a_mismatch_is_refused_by_name(part, name, value, problem):
    changed = {k: v for k, v in FITTING[part].items() if k != name} | (
        {name: value} if value is not None else {}
    )
    with pytest.raises(BindingError, match=problem):
        bind(job, rule(**(FITTING | {part: changed})))


CORPUS = {"download": {"record": "http://localhost/record", "archives": ["s1.zip"]}}
TRAINED = {"corpus": CORPUS, "external": {"other": {"films": "films"}}}
GIVEN = {"corpus": CORPUS, "networks": "results/done/micro"}
TAKEN = {"take_networks", "take_evaluator"}


@pytest.fixture(scope="module")
def jobs_by_rule(tmp_path_factory):
    """Name of a rule -> its jobs in the plan of an experiment that has every rule.

    Those of TAKEN, which take the place of trainings, are of an experiment with given networks.
    """
    folder = make_workspace(tmp_path_factory.mktemp("binding") / "workflow")
    found: dict[str, list] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("PYTHONPATH", "TALKFACE_SNAKEMAKE_PID"):
            patch.setenv(name, "")  # the Snakefile sets them
        for config, taken in ((TRAINED, False), (GIVEN, True)):
            with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
                workflow = api.workflow(
                    resource_settings=ResourceSettings(cores=1),
                    config_settings=ConfigSettings(
                        config=config, configfiles=[folder / name for name in OVERLAYS]
                    ),
                    snakefile=folder / "Snakefile",
                    workdir=folder,
                )._workflow
                names = {id(own): name for name, own in own_rules(workflow, folder).items()}
                for own in workflow.rules:
                    if own.script and (names[id(own)] in TAKEN) == taken:
                        found[names[id(own)]] = _jobs(workflow, own)
        yield found


def _jobs(workflow, own) -> list[Rule]:
    """One job for each protocol, sound and renderer, whose inputs differ."""
    values = {"experiment": "micro", "corpus": "micro", "seed": "0", "shard": "s1"}
    choices = {
        "variant": list(workflow.globals["CONFIG"].variants),
        "protocol": ["one_shot", "inpaint"],
        "control": ["static", "autoencoder"],
        "sound": ["", "_other_sound"],
        "method": ["static"],
        "table": workflow.globals["TABLES"][:1],
        "metric": workflow.globals["VALUES"]["metric"],
        "part": ["mel"],
        "archive": ["s1.zip"],
        "system": ["external_other"],
        "shown": ["ours", "ours_other_sound", "external_other"],
        "stage": ["autoencoder"],
        "trained": ["shared"],
        "evaluator": ["sync_evaluator", "lip_reader"],
    }
    made = [values]
    for name in own.wildcard_names & set(choices):
        made = [content | {name: value} for content in made for value in choices[name]]
    return [_expanded(workflow, own, {n: v for n, v in w.items() if n in own.wildcard_names}) for w in made]


def _expanded(workflow, own, wildcards) -> Rule:
    inputs, *_ = own.expand_input(wildcards)
    outputs, _ = own.expand_output(wildcards)
    resources = dict.fromkeys(own.resources, 1)
    params, _ = own.expand_params(wildcards, inputs, outputs, job=None)
    files = {name: value for part in (inputs, outputs) for name, value in part.items()}
    return Rule(own.name, files, dict(params.items()), wildcards, resources, workflow.globals["config"])


def test_all_rules_fit_their_jobs(jobs_by_rule):
    """Nothing is run: only the arguments are made, for every rule and every kind of its jobs."""
    assert set(jobs_by_rule) == {path.stem for path in (REPOSITORY / "workflow_scripts").glob("*.py")}
    for name, jobs in jobs_by_rule.items():
        function = getattr(importlib.import_module(f"talkface.jobs.{name}"), name)
        assert jobs
        for own in jobs:
            assert bind(function, own), name
