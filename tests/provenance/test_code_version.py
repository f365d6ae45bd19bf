"""The version of a rule's code changes with what can change a result, and with nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY
from edits import NOTHING, RERUN

from talkface.acceptance.accept import CHOSEN
from talkface.acceptance.smallest import copy_workflow
from talkface.evaluation.needs import code_behind
from talkface.metrics.catalogue import all_metrics
from talkface.provenance import code
from talkface.provenance.syntax import Source, parsed, read_source
from talkface.provenance.without_effect import NO_BEARING

SCRIPTS = sorted(path.stem for path in (REPOSITORY / "workflow_scripts").glob("*.py"))
METRICS = {f"score_{name}": code_behind(name) for name in all_metrics()}
RULES = sorted({*SCRIPTS, *METRICS} - {"score_clips"})
"""Names of code versions: of rule ``score_clips`` each metric has its own."""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    copy_workflow(REPOSITORY, tmp_path)
    monkeypatch.setattr(code, "_ROOT", tmp_path)
    monkeypatch.setattr(code, "read_source", parsed_once)
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


@pytest.fixture(scope="module")
def unedited() -> dict[str, str]:
    """The versions of the code as it is; the first test shows that a copy of it has the same."""
    return versions(REPOSITORY)


PARSED: dict[tuple[bytes, str | None], Source] = {}


def parsed_once(path: Path, module: str | None = None) -> Source:
    """The same content is the same tree, in whichever checkout it lies."""
    key = (path.read_bytes(), module)
    if key not in PARSED:
        PARSED[key] = read_source(path, module)
    return PARSED[key]


def forget() -> None:
    for function in vars(code).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def versions(checkout) -> dict[str, str]:
    forget()
    scripts = checkout / "workflow_scripts"
    found = {
        name: " ".join(
            code.code_version(scripts / f"{name}.py", *chosen) for chosen in CHOSEN.get(name, [()])
        )
        for name in RULES
        if name not in METRICS
    }
    return found | {name: code.code_version(scripts / "score_clips.py", *METRICS[name]) for name in METRICS}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in RULES if before[name] != after[name]}


def test_what_cannot_change_a_result_does_not_count(checkout, unedited):
    before = versions(checkout)
    assert len(set(before.values())) == len(RULES) > 25
    assert before == unedited, "where the code lies does not count"
    for edit in NOTHING:
        edit.apply(checkout)
    assert changed(before, versions(checkout)) == set()


@pytest.mark.parametrize("edit", RERUN, ids=lambda edit: edit.name)
def test_what_can_change_a_result_counts_where_it_is_used(checkout, unedited, edit):
    edit.apply(checkout)
    heard = changed(unedited, versions(checkout))
    if "config" in edit.file:
        assert heard == set(), "values of the configuration are parameters"
    else:
        assert heard >= edit.rules and len(heard) < len(RULES) / 2


def test_a_moved_function_counts_for_nobody(checkout, unedited):
    sampler = checkout / "talkface/generation/samplers/ddim.py"
    elsewhere = checkout / "talkface/generation/steps_of_sampler.py"
    text = sampler.read_text()
    start, end = text.index("def ddim_timesteps"), text.index("def sample(")
    elsewhere.write_text("import numpy as np\n\n\n" + text[start:end])
    sampler.write_text(
        text[:start].replace(
            "from torch import Tensor\n",
            "from torch import Tensor\n\nfrom talkface.generation.steps_of_sampler import ddim_timesteps\n",
        )
        + text[end:]
    )
    assert changed(unedited, versions(checkout)) == set()
    elsewhere.write_text(elsewhere.read_text().replace("spaced_S + 1 if", "spaced_S + 2 if"))
    assert "generate_clips" in changed(unedited, versions(checkout))


def test_another_thing_under_the_same_name_counts(checkout, unedited):
    """Which function a name stands for is part of the version, also where both are reached anyway."""
    metric = checkout / "talkface/metrics/families/pixels.py"
    metric.write_text(metric.read_text().replace("import numpy as np", "import numpy.ma as np"))
    before = versions(checkout)
    assert changed(unedited, before) == {"score_pixels"}
    labels = checkout / "talkface/jobs/label_aus.py"
    labels.write_text(labels.read_text().replace("import AuLabels", "import Faces as AuLabels"))
    assert changed(before, versions(checkout)) <= {"label_aus"}


def test_a_metric_has_a_version_of_its_own(checkout, unedited):
    """Its columns do not count for its scores, nor does what other metrics read."""
    family = checkout / "talkface/metrics/families/lips.py"
    family.write_text(family.read_text().replace('"LMD px"', '"LMD in px"'))
    assert changed(unedited, versions(checkout)) == set()
    parts = checkout / "talkface/evaluation/clip_parts.py"
    parts.write_text(parts.read_text().replace(">= threshold", "> threshold"))
    of_action_units = {"score_aus", "score_au_intensity"}
    assert changed(unedited, versions(checkout)) == of_action_units
    family.write_text(family.read_text().replace("& known_T", "| known_T"))
    assert changed(unedited, versions(checkout)) == of_action_units | {"score_lips"}


def test_what_a_configuration_chooses_by_name_counts_where_it_is_chosen(checkout):
    script = checkout / "workflow_scripts/generate_clips.py"
    samplers = checkout / "talkface/generation/samplers"

    def version(kind: str) -> str:
        forget()
        return code.code_version(script, f"talkface.generation.samplers.{kind}.sample")

    before = version("ddim")
    text = (samplers / "ddim.py").read_text()
    (samplers / "other.py").write_text(text.replace("noise_SNCHW[0]", "noise_SNCHW[-1]"))
    assert version("ddim") == before != version("other")
    (samplers / "other.py").write_text("def draw(x):\n    return x\n")
    with pytest.raises(NameError, match=r"'sample' is imported from talkface\.generation\.samplers\.other"):
        version("other")


def test_a_changed_schema_counts_for_its_users(checkout, unedited):
    schemas = checkout / "talkface/artifacts/schemas.py"
    schemas.write_text(schemas.read_text().replace('"latents",\n    1,', '"latents",\n    2,'))
    users = changed(unedited, versions(checkout))
    assert {"encode_latents", "train_renderer"} <= users
    assert not users & {"crop_faces", "extract_mel", "train_audio_to_au", "score_pixels"}


def test_a_name_that_is_not_there_is_refused(checkout):
    script = checkout / "workflow_scripts/score_clips.py"
    script.write_text(script.read_text() + "from talkface.metrics.lips import gone\ngone()\n")
    with pytest.raises(NameError, match=r"'gone' is imported from talkface\.metrics\.lips"):
        versions(checkout)


@pytest.mark.slow
def test_every_python_gives_the_same_version():
    """An upgrade of Python retrains nothing: checked with every other Python that is at hand."""
    program = (
        "import sys; from pathlib import Path\nfrom talkface.provenance.code import code_version\n"
        "print(*(code_version(Path('workflow_scripts', name + '.py')) for name in sys.argv[1:]))"
    )
    found = {}
    for name in ("python3.11", "python3.12", "python3.13", "python3.14", sys.executable):
        try:
            done = subprocess.run(
                [name, "-c", program, *SCRIPTS], cwd=REPOSITORY, capture_output=True, text=True
            )
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            found[name] = done.stdout
    assert sys.executable in found and len(set(found.values())) == 1, found.keys()


def test_the_documents_name_what_has_no_bearing():
    text = (REPOSITORY / "docs/reruns.md").read_text()
    for module, what in NO_BEARING.items():
        assert f"| `{module}` | {what} |" in text
    listed = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `talkface")}
    assert listed == set(NO_BEARING), "docs/reruns.md lists what is not there any more"
    for module in NO_BEARING:
        place = REPOSITORY.joinpath(*module.split("."))
        assert place.is_dir() or place.with_suffix(".py").is_file(), f"{module} is no module any more"


def test_the_configuration_computes_nothing():
    """Its code does not count, so it may hold values, checks, and what becomes a parameter of a rule."""
    becomes_parameters = {"check_speakers", "named_variants", "variant_output", "variant_renderer"}
    becomes_parameters |= {"variant_sampler", "trained_as", "rests_on", "check", "roles"}
    found = {
        function.name
        for path in (REPOSITORY / "talkface/config").glob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
        for function in node.body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
    }
    assert found == becomes_parameters
