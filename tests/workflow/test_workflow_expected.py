"""What ``verify`` expects of a finished experiment is what the targets make: no hole that is none."""

import json
import re

import pytest
import yaml
from workspace import make_workspace, snakemake

pytestmark = pytest.mark.slow

SEEDS = {"seeds": [0, 1]}
WHOLE_KEPT = {"renderer": {"disentangled": False}}


@pytest.mark.parametrize("change", [SEEDS, SEEDS | WHOLE_KEPT])
def test_a_report_of_several_seeds_is_whole_when_it_is_made(tmp_path, change):
    folder = make_workspace(tmp_path / "micro")
    (folder / "change.yaml").write_text(yaml.safe_dump(change))
    (folder / "Expected.smk").write_text(
        'include: "Snakefile"\n'
        "import json\n"
        'Path("expected.json").write_text(json.dumps(expected_artifacts(None)))\n'
    )
    overlay = ("--configfile", "configs/micro.yaml", "change.yaml")
    done = snakemake(folder, "--dry-run", "--cores", "1", "-s", "Expected.smk", "all", overlay=overlay)
    assert done.returncode == 0, done.stdout[-3000:]
    named = re.findall(r"^    output: (.*)$", done.stdout, re.M)
    made = {path for line in named for path in line.split(", ")}
    expected = set(json.loads((folder / "expected.json").read_text()))
    assert expected - made == set()
    assert {path for path in made if path.startswith("results/")} - expected == set()
