"""The commit that a page names."""

import subprocess

from talkface.provenance.commit import present_commit


def git(folder, *arguments):
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_a_checkout_has_a_commit_and_a_copy_has_none(tmp_path):
    folder = tmp_path.resolve() / "checkout"
    folder.mkdir()
    assert present_commit(folder) is None
    git(folder, "init", "-q")
    (folder / "file.py").write_text("a = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    commit = present_commit(folder)
    assert commit and len(commit.hash) == 40 and not commit.changed and "not committed" not in str(commit)
    (folder / "file.py").write_text("a = 2\n")
    changed = present_commit(folder)
    assert changed and changed.hash == commit.hash and "not committed" in str(changed)
    (folder / "inside").mkdir()
    assert present_commit(folder / "inside") is None, "installed inside another project's checkout"
