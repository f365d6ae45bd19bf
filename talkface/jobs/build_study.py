"""Rule ``build_study``: a page on which people compare films in pairs without knowing what they see."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np

from talkface.artifacts.schemas import GENERATED, SPLIT
from talkface.artifacts.tables import ClipTable, read_table
from talkface.config import Corpus, Study
from talkface.evaluation.runs import by_method
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import evenly
from talkface.jobs.render_gallery import Sounds
from talkface.media.images import decode_png
from talkface.media.side_by_side import enlarge
from talkface.media.video import write_video
from talkface.reporting.files import write_text
from talkface.reporting.pages.downloads import embedded
from talkface.reporting.pages.study_page import render_study
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress

_TAGS = {"comment": "Part of a blind study: a synthetic talking face (AI-generated), or a true one."}
_FPS, _RATE, _ENLARGED = 25, 16_000, 3


def build_study(
    *,
    generated: Sequence[Path],
    clips: list[Path],
    split: Path,
    corpus: Annotated[Corpus, OfConfig()],
    study: Annotated[Study, OfConfig()],
    page: Path,
    key: Path,
) -> None:
    """Write the page, films inside, and ``key``: which film is whose. The page names no method.

    ``generated``: GENERATED of all methods, in folders ``generate/{method}/seed-{seed}/{protocol}``. Clips
    are those that all methods have, evenly spaced over their sorted names, all driven by their own sound.
    A film's name is a hash of its content: made anew from the same frames, the page takes the same votes.
    Raises ``ValueError`` where the methods share no clip.
    """
    methods = {
        name: tables_by_clip(paths, GENERATED) for name, paths in by_method(generated, "generate").items()
    }
    shared = sorted(set.intersection(*(set(of_clip) for of_clip in methods.values())))
    if not shared:
        raise ValueError(f"study.methods: {', '.join(methods)} share no clip: compare others")
    table = read_table(split, SPLIT)
    frames_of = dict(zip(table["clip"].to_pylist(), table["num_frames"].to_pylist(), strict=True))
    sounds = Sounds(table, clips, corpus)
    chosen = evenly(shared, study.clips)
    films: dict[str, dict[str, str]] = {}
    sources: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=page.parent, prefix=".study.") as folder:
        for clip in progress(chosen, what="clips"):
            sound = sounds.read(clip, frames_of[clip])
            for method, of_clip in methods.items():
                path = Path(folder) / "film.mp4"
                pictures = _pictures(of_clip[clip], clip)
                write_video(path, pictures, fps=_FPS, audio=sound, sample_rate=_RATE, tags=_TAGS)
                film = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
                if film in films:
                    same = f"'{method}' and '{films[film]['method']}'"
                    raise ValueError(f"study.methods: {same} show the same film of clip '{clip}'")
                films[film] = {"clip": clip, "method": method}
                sources[film] = embedded(path)
    name = hashlib.sha256("".join(sorted(films)).encode()).hexdigest()[:16]
    pairs = [
        [one, two]
        for one in sorted(films)
        for two in sorted(films)
        if one < two and films[one]["clip"] == films[two]["clip"]
    ]
    write_text(page, render_study(study=name, question=study.question, pairs=pairs, films=sources))
    whole = {"study": name, "question": study.question, "methods": list(methods), "films": films}
    write_text(key, json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def _pictures(table: ClipTable, clip: str) -> Iterator[np.ndarray]:
    for image in table.read(clip, ["image"])["image"].to_pylist():
        yield enlarge(decode_png(image), _ENLARGED)
