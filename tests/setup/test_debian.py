"""Set-up and features on Debian 13 as it comes: nothing but what the messages say is installed by hand.

The root is made by debootstrap (debian/root.sh): it has Debian's Python 3.13 and none of this system's
libraries. PyPI's torch for that Python brings CUDA, gigabytes; Debian has a small one, python3-torch, which
``TORCH=system`` takes. Root, debootstrap and a network are needed, some twenty minutes and five gigabytes.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas
import pytest
from conftest import REPOSITORY

pytestmark = [pytest.mark.full, pytest.mark.timeout(5400)]

ROOT = REPOSITORY / "tests/setup/debian/root.sh"
LEFT_OUT = (
    ".git",
    ".venv*",
    ".snakemake",
    "results",
    "work",
    "logs",
    "demo_corpus",
    "__pycache__",
    "*.egg-info",
)
FEATURES = tuple(f"tests/test_{name}.py" for name in ("bundle", "faces", "aus", "mel", "media"))
SETUP = "make setup TORCH=system"


class Debian:
    """A root; what is run in it ends, with its mounts, before ``run`` returns."""

    def __init__(self, root: Path):
        self.root = root
        self.home = root / "root" / "talkface"

    def run(self, command: str, timeout_s: float = 1800) -> subprocess.CompletedProcess[str]:
        """A line of shell in the copy of the repository; standard error is part of ``stdout``."""
        inside = ["bash", "-ec", f"cd talkface 2>/dev/null; {command}"]
        return subprocess.run(
            [ROOT, "run", self.root, *inside],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout_s,
        )  # fmt: skip

    def succeed(self, command: str, timeout_s: float = 1800) -> str:
        done = self.run(command, timeout_s)
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def install(self, *packages: str) -> None:
        self.succeed(f"apt-get install -y -q --no-install-recommends {' '.join(packages)}")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Debian's smallest root with a copy of the repository and, as the only addition, make."""
    if os.geteuid() != 0:
        pytest.skip("only root can make and enter a Debian root")
    for program in ("debootstrap", "unshare"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install debootstrap util-linux")
    folder = tmp_path_factory.mktemp("debian")
    debian = Debian(folder / "root")
    made = subprocess.run(
        [ROOT, "make", debian.root], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800
    )
    if "Failed getting release file" in made.stdout:
        pytest.skip(f"no Debian mirror can be reached: {made.stdout.strip()[-200:]}")
    assert made.returncode == 0, made.stdout[-3000:]
    shutil.copytree(REPOSITORY, debian.home, ignore=shutil.ignore_patterns(*LEFT_OUT))
    debian.succeed("apt-get update -q")
    debian.install("make")
    yield debian
    mounts = Path("/proc/self/mountinfo").read_text()
    assert str(debian.root) not in mounts, "something is mounted below it: left alone"
    subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)


def packages_named(text: str) -> set[str]:
    """What the messages say to install here."""
    return {
        package
        for found in re.findall(r"apt-get install ((?:[a-z][\w.+-]+ ?)+)", text)
        for package in found.split()
    }


@pytest.fixture(scope="module")
def followed(bare) -> tuple[Debian, list[set[str]]]:
    """The set-up, begun again after each refusal with what its message names; and those packages."""
    named = []
    while True:
        done = bare.run(SETUP)
        if done.returncode == 0:
            return bare, named
        errors = done.stdout[done.stdout.rindex("error: ") :] if "error: " in done.stdout else done.stdout
        packages = packages_named("\n".join(re.findall(r"(?ms)^error: .*?(?=^error: |\Z)", done.stdout)))
        assert packages and packages not in named, errors[-6000:]
        named.append(packages)
        bare.install(*sorted(packages))


def test_following_the_messages_leads_to_the_end(followed):
    _, named = followed
    assert named == [
        {"python3", "python3-venv"},
        {"python3-torch"},
        {"libegl1", "libgles2", "libgl1", "libglib2.0-0"},
    ]


def test_the_set_up_is_finished_and_does_nothing_when_run_again(followed):
    debian, _ = followed
    said = debian.succeed(SETUP)
    assert re.fullmatch(r"face models: /root/\S+/face_landmarker\.task\n", said)


def test_torch_is_the_small_one_of_the_system(followed):
    debian, _ = followed
    said = debian.succeed(".venv/bin/python -c 'import torch; print(torch.__file__)'")
    assert said.startswith("/usr/lib/python3/dist-packages/")


def test_the_micro_demos_features_are_made(followed):
    debian, _ = followed
    debian.succeed(
        ".venv/bin/snakemake --cores 2 --configfile configs/micro.yaml --quiet rules progress -- features"
    )
    made = {path.name for path in (debian.home / "results/micro/micro/features/s1").iterdir()}
    assert {"faces.parquet", "landmarks.parquet", "aus.parquet", "mel.parquet", "checks.parquet"} <= made
    checks = pandas.read_parquet(debian.home / "results/micro/micro/features/s1/checks.parquet")
    assert len(checks) == 3 and checks.ok.all()


def test_snakemakes_own_report_gets_past_what_was_missing(followed):
    """pytest, which brings pygments, is not installed yet."""
    debian, _ = followed
    said = debian.run(
        ".venv/bin/snakemake --cores 1 --configfile configs/micro.yaml --report /tmp/report.zip -- features"
    ).stdout
    assert "pygments" not in said


def test_the_tests_of_the_features_hold(followed):
    debian, _ = followed
    debian.succeed("make setup-test TORCH=system")
    said = debian.succeed(f".venv/bin/python -m pytest -rs {' '.join(FEATURES)}", timeout_s=3600)
    assert re.search(r"\d+ passed", said)
