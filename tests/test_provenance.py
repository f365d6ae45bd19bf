"""The code version changes with what can change a result, and with nothing else."""

import shutil
import subprocess
import sys

import pytest
from conftest import REPOSITORY

SCRIPTS = sorted(path.stem for path in (REPOSITORY / "workflow_scripts").glob("*.py"))


class Checkout:
    """A copy of the package and scripts whose code versions are computed by its own provenance module."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("talkface", "workflow_scripts"):
            shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    def versions(self) -> dict[str, str]:
        program = (
            "from pathlib import Path; from talkface.provenance import code_version\n"
            f"for name in {SCRIPTS}: print(code_version(Path('workflow_scripts', name + '.py')))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return dict(zip(SCRIPTS, done.stdout.split(), strict=True))

    def append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(path.read_text() + text)

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in SCRIPTS if before[name] != after[name]}


def test_comments_docstrings_and_layout_do_not_count(checkout):
    before = checkout.versions()
    assert len(set(before.values())) == len(SCRIPTS) > 25
    checkout.replace("talkface/tables.py", '"""One writer', '"""Truly one writer')
    checkout.append("talkface/models/denoiser.py", "\n\n# a remark\n\n")
    checkout.append("talkface/models/tcsan.py", '\n"""A remark below the last statement."""\n')
    checkout.append("workflow_scripts/train_renderer.py", "# a remark\n")
    checkout.append("talkface/config/experiment.py", "\nUNRELATED = 1\n")
    checkout.append("talkface/logs.py", "\nUNRELATED = 1\n")
    checkout.replace("talkface/__init__.py", "__version__ = ", "__version__ = 'x' + ")
    assert changed(before, checkout.versions()) == set()


def test_a_constant_counts_for_those_who_import_it(checkout):
    before = checkout.versions()
    checkout.append("talkface/stages/train_renderer.py", "\nCONSTANT = 1\n")
    assert changed(before, checkout.versions()) == {"train_renderer"}
    before = checkout.versions()
    checkout.append("workflow_scripts/score_lips.py", "CONSTANT = 1\n")
    assert changed(before, checkout.versions()) == {"score_lips"}
    before = checkout.versions()
    checkout.append("talkface/models/tcsan.py", "\nCONSTANT = 1\n")
    with_fusion = changed(before, checkout.versions())
    assert {"train_renderer", "generate_clips"} <= with_fusion
    assert not with_fusion & {
        "crop_faces",
        "extract_mel",
        "train_autoencoder",
        "train_audio_to_au",
        "score_lips",
    }


def test_an_edit_of_one_extractor_leaves_the_others_alone(checkout):
    before = checkout.versions()
    checkout.append("talkface/features/mel.py", "\nCONSTANT = 1\n")
    heard = changed(before, checkout.versions())
    assert {"extract_mel", "train_audio_to_au"} <= heard
    assert not heard & {"crop_faces", "label_aus", "train_autoencoder", "train_au_attention", "score_pixels"}


def test_a_new_schema_counts_for_nobody_and_a_changed_one_for_its_users(checkout):
    before = checkout.versions()
    checkout.append("talkface/schemas.py", '\nNEW = TableSchema("new", 1, pa.schema([]), ())\n')
    assert changed(before, checkout.versions()) == set()
    checkout.replace("talkface/schemas.py", '"latents",\n    1,', '"latents",\n    2,')
    users = changed(before, checkout.versions())
    assert {"encode_latents", "train_renderer"} <= users
    assert not users & {"crop_faces", "extract_mel", "train_audio_to_au", "score_pixels"}


def test_data_beside_the_code_count(checkout):
    before = checkout.versions()
    checkout.append("talkface/reporting/published.yaml", "\n# a number typed in\n")
    reported = changed(before, checkout.versions())
    assert {"tabulate_main_results", "build_report"} <= reported
    assert not [
        name for name in reported if name.startswith(("train", "crop", "generate", "score", "encode"))
    ]


def test_unknown_code_is_refused():
    from talkface.provenance import code_version

    with pytest.raises(FileNotFoundError, match="no_such"):
        code_version("talkface.no_such")
