"""Writing one synthetic speaker in GRID's layout: clips, transcripts and the truth they were drawn from."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from talkface.corpora.listing import CorpusError
from talkface.corpora.synthetic.face import draw_face, lip_gap_px, mouth_width_px
from talkface.corpora.synthetic.head import PICTURE_HEIGHT, PICTURE_WIDTH
from talkface.corpora.synthetic.identity import Identity, make_identity
from talkface.corpora.synthetic.motion import Habits, Performance, make_habits, perform
from talkface.corpora.synthetic.mouth import shape_mouth
from talkface.corpora.synthetic.sentences import Sentence, choose_sentences
from talkface.corpora.synthetic.speech import SOUND_RATE, Voice, make_voice, synthesise
from talkface.corpora.synthetic.timing import FPS, NUM_FRAMES, Score, lay_out
from talkface.media.ffmpeg import Child, MediaError, address

SIGNATURE = "GENERATED.txt"
_SIGNATURE_TEXT = (
    "talkface made this folder: drawn faces and synthetic speech in the layout of the GRID corpus,\n"
    "nobody's likeness or voice. truth/ holds the action units that drove the drawings.\n"
    "Safe to delete; never add to it.\n"
)


class SyntheticError(CorpusError):
    """A synthetic corpus that cannot be made as asked; the message names the folder or the speaker."""


@dataclass(frozen=True)
class Speaker:
    """Everything of a synthetic speaker that does not change between clips."""

    seed: int
    number: int  # 1-based, as in "s1"
    identity: Identity
    voice: Voice
    habits: Habits

    @property
    def name(self) -> str:
        """GRID's name of the speaker."""
        return f"s{self.number}"


@dataclass(frozen=True)
class Clip:
    """One utterance, ready to be drawn and written."""

    sentence: Sentence
    score: Score
    performance: Performance
    samples: np.ndarray  # float32 [S] at 44.1 kHz


def make_speaker(seed: int, number: int) -> Speaker:
    """Speaker ``number`` of the corpus of this seed."""
    return Speaker(
        seed, number, make_identity(seed, number), make_voice(seed, number), make_habits(seed, number)
    )


def sentences_of(speaker: Speaker, count: int) -> list[Sentence]:
    """The sentences that a speaker says in a corpus of ``count`` clips a speaker."""
    return choose_sentences(count, np.random.default_rng([speaker.seed, speaker.number, 401]))


def make_clip(speaker: Speaker, sentence: Sentence) -> Clip:
    """Speak and move: follows from (seed, speaker, sentence) alone, whatever else the corpus holds."""
    key = [speaker.seed, speaker.number, zlib.crc32(sentence.name.encode())]
    score = lay_out(sentence, speaker.voice.rate, np.random.default_rng([*key, 1]))
    performance = perform(score, speaker.habits, np.random.default_rng([*key, 2]))
    samples = synthesise(score, speaker.voice, np.random.default_rng([*key, 3]))
    return Clip(sentence, score, performance, samples)


def draw_clip(
    speaker: Speaker, clip: Clip, frames: Iterable[int] = range(NUM_FRAMES)
) -> Iterator[np.ndarray]:
    """The clip's pictures, 288 x 360 x 3 uint8, one by one; by default all of them."""
    moves = clip.performance
    for frame in frames:
        gaze_x, gaze_y = moves.gaze_mm[frame].tolist()
        yield draw_face(
            speaker.identity, moves.aus[frame], moves.poses[frame],
            blink=float(moves.blink[frame]), pucker=float(moves.pucker[frame]), gaze_mm=(gaze_x, gaze_y),
        )  # fmt: skip


def truth_rows(speaker: Speaker, clip: Clip) -> list[dict[str, Any]]:
    """Rows of AU_TRUTH: what was drawn, frame by frame."""
    rows = []
    moves = clip.performance
    for frame, pose in enumerate(moves.poses):
        mouth = shape_mouth(speaker.identity, moves.aus[frame], float(moves.pucker[frame]))
        rows.append(
            {
                "clip": f"{speaker.name}/{clip.sentence.name}",
                "frame": frame,
                "aus": moves.aus[frame].astype(np.float32).tolist(),
                "lip_gap": lip_gap_px(mouth, pose),
                "mouth_width": mouth_width_px(mouth, pose),
            }
        )
    return rows


def write_clip(root: Path, speaker: Speaker, clip: Clip) -> None:
    """Write ``sN/<name>.mpg`` and ``alignments/sN/<name>.align``; each file appears whole or not at all."""
    name = clip.sentence.name
    transcript = root / "alignments" / speaker.name / f"{name}.align"
    _write_text(transcript, "".join(f"{line}\n" for line in clip.score.align_lines()))
    write_mpeg(root / speaker.name / f"{name}.mpg", draw_clip(speaker, clip), clip.samples)


def prepare_folder(root: Path, speaker: str, names: Iterable[str]) -> None:
    """Claim the speaker's folders, and remove clips that an earlier configuration left there.

    Raises:
        SyntheticError: the folder holds files that talkface did not make.
    """
    clips, transcripts = root / speaker, root / "alignments" / speaker
    signature = root / SIGNATURE
    if not signature.is_file():
        if clips.is_dir() and any(clips.iterdir()):
            raise SyntheticError(
                f"{clips}: holds files that talkface did not make; a synthetic corpus needs a folder "
                "of its own (corpus.root), or corpus.synthetic must be left out"
            )
        _write_text(signature, _SIGNATURE_TEXT)
    kept = set(names)
    for folder, suffix in ((clips, ".mpg"), (transcripts, ".align")):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob(f"*{suffix}"):
            if path.stem not in kept:
                path.unlink()


def write_mpeg(path: Path, frames: Iterable[np.ndarray], samples: np.ndarray) -> None:
    """Encode as GRID's clips are: MPEG-1 pictures at 25 fps and MP2 stereo sound at 44.1 kHz.

    Args:
        path: target; it appears whole or not at all.
        frames: 288 x 360 x 3 uint8 RGB.
        samples: float32 [S] mono at 44.1 kHz, in [-1, 1].

    Raises:
        MediaError: the encoder failed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        sound, partial = Path(folder) / "sound.f32", Path(folder) / "clip.mpg"
        sound.write_bytes(samples.astype("<f4").tobytes())
        picture = ffmpeg.input(
            "pipe:0",
            format="rawvideo",
            pix_fmt="rgb24",
            video_size=(PICTURE_WIDTH, PICTURE_HEIGHT),
            framerate=FPS,
        )
        voice = ffmpeg.input(address(sound), format="f32le", ar=SOUND_RATE, ac=1)
        sink = ffmpeg.output(
            picture["v:0"], voice["a:0"], address(partial),
            vcodec="mpeg1video", pix_fmt="yuv420p", acodec="mp2", ac=2, ar=SOUND_RATE, format="mpeg",
            # one thread and no dates: the same clip gives the same bytes
            threads=1, fflags="+bitexact", map_metadata=-1,
            **{"q:v": 2, "b:a": "192k", "flags:v": "+bitexact", "flags:a": "+bitexact"},
        )  # fmt: skip
        with Child(sink, path, fed=True) as child:
            child.feed(frame.data for frame in frames)
            status, text = child.finish()
        if status != 0 or not partial.is_file():
            raise MediaError("cannot be encoded", path, (text.strip().splitlines() or ["no explanation"])[0])
        partial.replace(path)


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)
