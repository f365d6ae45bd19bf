"""Raw folders of clips that are never decoded, and a transcript in GRID's writing."""

from pathlib import Path

from talkface.config import Corpus

ALIGN = "0 10000 sil\n10000 20000 bin\n20000 25000 sp\n25000 50000 blue\n50000 75000 sil\n"


def put(root: Path, *names: str, content: str = "x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def grid(root: Path, **fields) -> Corpus:
    return Corpus(name="c", reader="grid", root=root, **fields)
