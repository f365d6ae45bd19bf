"""Names of clips, folders and roots in which a shell, a pattern or a table would see something else."""

import os

import pytest

from faults import drawn_clips as clips
from faults.observing import leftovers, run_step, snapshot
from faults.one_speaker import extract
from faults.registry import declare, each
from talkface.config import Corpus
from talkface.corpora import CorpusError, list_speakers
from talkface.jobs.list_clips import list_clips

USED = "used like any other clip, under its own name"
REFUSED = "one line that names the folder and the remedy"
NAMES = {
    "spaces": "a  b ",
    "quotes": 'it\'s "quoted"',
    "newline": "two\nlines",
    "unicode": "ünï😀",
    "dash": "-y",
    "command": "$(touch hacked)",
    "shell": "a;b&c|d>e`f`",
    "percent": "100%d",
    "backslash": "back\\slash",
    "braces": "{speaker}[0:v]*?",
    "protocol": "http:a",
    "longest": "n" * 251,
}
FAULTS = declare(
    "Odd names", *((f"name-{name}", f"a clip is called {text[:20]!r}", USED) for name, text in NAMES.items())
)
FOLDERS = {
    "folder-spaces": ("a speaker's folder has a space in its name", "two words"),
    "folder-command": ("a speaker's folder is called $(touch hacked)", "$(touch hacked)"),
    "folder-dash": ("a speaker's folder begins with a dash", "-rf"),
    "folder-unicode": ("a speaker's folder has letters beyond ASCII", "zoë"),
}
REFUSALS = declare("Odd names", *((name, how, REFUSED) for name, (how, _) in FOLDERS.items()))
NO_TEXT = declare("Odd names", ("name-no-text", "a clip's name is not valid UTF-8", REFUSED))
ROOT = declare("Odd names", ("root-odd", 'corpus.root is called it\'s "$(x)" and holds a newline', USED))


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """The same short clip under every name, in a folder whose own name is odd too."""
    folder = tmp_path_factory.mktemp("names")
    root = folder / 'it\'s "$(x)"\nhere'
    (root / "x").mkdir(parents=True)
    content = clips.plain(folder / "plain.mp4", 8).read_bytes()
    for text in ("plain", *NAMES.values()):
        (root / "x" / f"{text}.mp4").write_bytes(content)
    raw = snapshot(root)
    before = os.getcwd()
    os.chdir(folder)
    try:
        found = extract(root, "x", folder / "features")
    finally:
        os.chdir(before)
    assert snapshot(root) == raw, "raw clips are read, never written"
    assert sorted(os.listdir(folder)) == sorted([root.name, "features", "plain.mp4"]), "nothing was executed"
    assert leftovers(found.folder) == []
    return found


def same(found, clip: str) -> bool:
    """Whether a clip's rows are those of the plainly named one, but for the name."""
    tables = [found.rows(name) for name in ("x/plain", clip)]
    plain, odd = ([[{**row, "clip": ""} for row in table] for table in rows] for rows in tables)
    return plain == odd


@pytest.mark.slow
@each(FAULTS)
def test_name(fault, named, outcome):
    clip = f"x/{NAMES[fault.name.removeprefix('name-')]}"
    check = named.checks()[clip]
    assert (check["ok"], check["reason"], check["num_frames"]) == (True, "", 8)
    assert named.split()[clip]["ok"] and same(named, clip)
    outcome.observed = "used; rows as under a plain name"
    outcome.after = "the plainly named copy gives the same rows"


@pytest.mark.slow
@each(ROOT)
def test_root(fault, named, outcome):
    assert all(row["ok"] for row in named.split().values())
    outcome.observed = f"all {len(named.split())} clips below it are used"
    outcome.after = "nothing to remove: the name has no bearing"


@each(REFUSALS)
def test_folder(fault, tmp_path, outcome):
    _, name = FOLDERS[fault.name]
    for folder in ("s1", name):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.mp4").write_bytes(b"not decoded here")
    corpus = Corpus(reader="folder", root=tmp_path)
    with pytest.raises(CorpusError) as refused:
        list_speakers(corpus)
    message = str(refused.value)
    assert repr(name) in message and "rename it" in message and "\n" not in message
    (tmp_path / name).rename(tmp_path / "s2")
    assert list_speakers(corpus) == ["s1", "s2"]
    outcome.observed = "refused before any job: " + message.split(":")[0]
    outcome.after = "renamed, it is a speaker"


@each(NO_TEXT)
def test_no_text(fault, tmp_path, outcome):
    (tmp_path / "s1").mkdir()
    bad = tmp_path / "s1" / os.fsdecode(b"b\xff.mp4")
    for path in (tmp_path / "s1" / "a.mp4", bad):
        path.write_bytes(b"not decoded here")
    arguments = {
        "corpus": Corpus(reader="folder", root=tmp_path),
        "speakers": ["s1"],
        "clips": tmp_path / "t.parquet",
    }
    line = run_step(tmp_path / "log", list_clips, **arguments).line()
    assert "not valid UTF-8: rename it" in line and not (tmp_path / "t.parquet").exists()
    bad.rename(tmp_path / "s1" / "b.mp4")
    assert run_step(tmp_path / "log", list_clips, **arguments).status == 0
    outcome.observed, outcome.after = (
        "exit 1: its name is not valid UTF-8: rename it",
        "renamed, it is listed",
    )
