"""Accept the present code as equal to the recorded code: ``python -m talkface.acceptance --why "..."``."""

from __future__ import annotations

import argparse
import getpass
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from talkface.acceptance import golden
from talkface.acceptance.accept import accept, rewrite
from talkface.acceptance.smallest import copy_workflow, run_smallest


def _who() -> str:
    """The person as git knows them, else the account."""
    done = subprocess.run(["git", "var", "GIT_AUTHOR_IDENT"], capture_output=True, text=True)
    return done.stdout.rpartition(" <")[0].strip() or getpass.getuser()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m talkface.acceptance",
        description="Run the smallest experiment with the present code and compare it with golden/. If "
        "all figures are equal, the code is accepted as equal to the recorded code, and "
        "finished experiments do not rerun because of it. If not, the figures that differ are listed.",
        epilog="If the change is meant to change results: use --rewrite, then commit golden/.",
    )
    parser.add_argument("--why", help="what was changed, for the ledger (needed unless --rewrite)")
    parser.add_argument("--rewrite", action="store_true", help="record the present figures as golden outputs")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--workspace",
        type=Path,
        help="run in this folder: only what changed since the last run reruns",
    )
    given = parser.parse_args(arguments)
    if not given.rewrite and not given.why:
        parser.error("--why is needed: describe the change in a few words")
    checkout = Path.cwd()
    if not (checkout / "workflow_scripts").is_dir():
        parser.error("run it in the repository's folder")
    with ExitStack() as stack:
        folder = given.workspace or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="talkface-")))
        try:
            copy_workflow(checkout, folder)
            found = golden.figures_of(run_smallest(folder, given.cores))
            if given.rewrite:
                rewrite(checkout, found)
                print(f"golden/: {sum(map(len, found.values()))} figures written; commit what changed")
                return
            changed = accept(checkout, found, _who(), given.why)
        except ValueError as error:
            sys.exit(f"error: {error}")
    print("equal: " + (f"accepted for {', '.join(changed)}" if changed else "nothing to accept"))


if __name__ == "__main__":
    main()
