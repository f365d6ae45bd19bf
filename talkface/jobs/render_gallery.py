"""Rule ``render_gallery``: videos with sound for the report, truth and generated side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa

from talkface.artifacts.schemas import CLIPS, FACES, GENERATED, SPLIT
from talkface.artifacts.tables import ClipTable, read_table
from talkface.config import Corpus, Evaluation, Gallery
from talkface.data.rows import speaker_of
from talkface.evaluation.runs import OTHER_SOUND, is_other_sound
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import gallery_clips, other_sound
from talkface.media.audio import read_audio
from talkface.media.images import decode_png, encode_png
from talkface.media.marks import film_tags
from talkface.media.side_by_side import side_by_side
from talkface.media.video import write_video
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress

_RATE = 16_000
_FPS = 25


def render_gallery(
    *,
    generated: list[Path],
    faces: list[Path],
    clips: list[Path],
    split: Path,
    shown: str,
    corpus: Annotated[Corpus, OfConfig()],
    evaluation: Evaluation,
    gallery: Gallery,
    videos: list[Path],
) -> None:
    """Write one mp4 for each clip of :func:`talkface.evaluation.selection.gallery_clips`, in its order.

    Left the true crop, right the generated one, three times as large, with the sound that drove it.
    ``shown``: the row's method, a variant under its own or another clip's sound, or another system. Where
    that has no usable film of a clip, the right half is grey.
    """
    table = read_table(split, SPLIT)
    filmed = gallery_clips(table, evaluation, gallery)
    if len(videos) != len(filmed):
        raise ValueError(f"gallery: {len(videos)} videos declared for {len(filmed)} clips")
    name = shown.removesuffix(OTHER_SOUND)
    sounds = Sounds(table, clips, corpus)
    pictures, truth = tables_by_clip(generated, GENERATED), tables_by_clip(faces, FACES)
    for clip, video in progress(list(zip(filmed, videos, strict=True)), what="videos"):
        references = truth[clip].read(clip, ["image"])["image"].to_pylist()
        images = _pictures(pictures, clip, references)
        source = clip
        if is_other_sound(shown):
            source = other_sound(table, speaker_of(clip), evaluation)[clip]
        label = f"{name}: sound of {source}" if clip in pictures else f"{name}: no usable film"
        write_video(
            video,
            (
                side_by_side({f"true: {clip}": decode_png(left), label: decode_png(right)})
                for left, right in zip(references, images, strict=True)
            ),
            fps=_FPS,
            audio=sounds.read(source, len(images)),
            sample_rate=_RATE,
            tags=film_tags(name),
        )


def _pictures(pictures: Mapping[str, ClipTable], clip: str, references: list[bytes]) -> list[bytes]:
    """The clip's generated pictures (PNG); grey ones where there are none."""
    if clip in pictures:
        return list(pictures[clip].read(clip, ["image"])["image"].to_pylist())
    grey = encode_png(np.full_like(decode_png(references[0]), 128))
    return [grey] * len(references)


class Sounds:
    """The sound of any clip of the corpus, on the clock of its own picture."""

    def __init__(self, split: pa.Table, clips: list[Path], corpus: Corpus):
        counted = split.select(["clip", "num_frames"]).to_pylist()
        self._frames = {row["clip"]: row["num_frames"] for row in counted}
        self._paths = {
            row["clip"]: corpus.root / row["path"]
            for path in clips
            for row in read_table(path, CLIPS).select(["clip", "path"]).to_pylist()
        }

    def read(self, clip: str, num_frames: int) -> np.ndarray:
        """float32 samples at 16 kHz, cut or padded with silence to ``num_frames`` frames."""
        samples = read_audio(self._paths[clip], sample_rate=_RATE, num_frames=self._frames[clip], fps=_FPS)
        length = round(num_frames / _FPS * _RATE)
        return np.pad(samples[:length], (0, max(0, length - len(samples))))
