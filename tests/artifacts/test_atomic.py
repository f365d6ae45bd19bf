"""Files that are replaced whole: who may read them, and what is left of a writer that failed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from talkface.artifacts.atomic import replacing

WRITE = """
import os, sys, json
from pathlib import Path
from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import write_table
from talkface.corpora.synthetic.corpus import _write_text
from talkface.reporting.files import write_text

os.umask(int(sys.argv[1], 8))
folder = Path(sys.argv[2])
write_table(folder / "new/table.parquet", HISTORY, [{"samples": 1, "name": "loss", "value": 0.5}])
write_text(folder / "page.html", "<p>")
_write_text(folder / "align/a.align", "0 1 bin")
(folder / "plain").write_text("as any other file")
print(json.dumps({str(path.relative_to(folder)): path.stat().st_mode & 0o777
                  for path in folder.rglob("*") if path.is_file()}))
"""


@pytest.mark.parametrize("umask", ["077", "027", "022", "002"])
def test_files_follow_the_umask(tmp_path, umask):
    done = subprocess.run(
        [sys.executable, "-c", WRITE, umask, str(tmp_path)], capture_output=True, text=True, check=True
    )
    modes = json.loads(done.stdout)
    assert len(modes) == 4 and set(modes.values()) == {0o666 & ~int(umask, 8)}, modes


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_that_is_replaced_follows_the_umask_too(tmp_path, mode):
    path = tmp_path / "page.html"
    path.write_text("old")
    path.chmod(mode)
    before = os.umask(0o027)
    try:
        with replacing(path) as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == 0o640


def test_a_failed_writer_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), replacing(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_weights_follow_the_umask(tmp_path):
    """The library that writes them may open the file anew."""
    before = os.umask(0o077)
    try:
        with replacing(tmp_path / "w.safetensors") as temporary:
            save_file({"a": np.zeros(3, np.float32)}, temporary)
    finally:
        os.umask(before)
    assert (tmp_path / "w.safetensors").stat().st_mode & 0o777 == 0o600
