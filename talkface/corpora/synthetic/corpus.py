"""Writing a synthetic speaker in a real corpus' layout: clips, transcripts and what they were drawn from."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from talkface.artifacts.atomic import replacing
from talkface.corpora.listing import CorpusError
from talkface.corpora.synthetic.face import draw_face, lip_gap_px, mouth_width_px
from talkface.corpora.synthetic.layouts import LAYOUTS, Layout
from talkface.corpora.synthetic.motion import Habits, Performance, make_habits, perform
from talkface.corpora.synthetic.mouth import shape_mouth
from talkface.corpora.synthetic.names import speaker_name
from talkface.corpora.synthetic.sentences import Sentence
from talkface.corpora.synthetic.speaker_look import Identity, make_identity
from talkface.corpora.synthetic.speech import Voice, make_voice, synthesise
from talkface.corpora.synthetic.timing import Score
from talkface.media.ffmpeg import Child, MediaError, address
from talkface.media.program import encoders

SIGNATURE = "GENERATED.txt"
_SIGNATURE_TEXT = (
    "talkface made this folder: drawn faces and synthetic speech in the layout of the {corpus} corpus,\n"
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
    name: str  # in the layout's manner
    layout: Layout
    identity: Identity
    voice: Voice
    habits: Habits


@dataclass(frozen=True)
class Clip:
    """One utterance, ready to be drawn and written."""

    sentence: Sentence
    score: Score
    performance: Performance
    samples: np.ndarray  # float32 [S] at the layout's rate

    @property
    def num_frames(self) -> int:
        """Pictures, at the layout's rate."""
        return len(self.performance.poses)


def make_speaker(seed: int, number: int, layout: str = "grid") -> Speaker:
    """Speaker ``number`` of the corpus of this seed, in a layout of ``LAYOUTS``."""
    return Speaker(
        seed=seed,
        number=number,
        name=speaker_name(layout, number),
        layout=LAYOUTS[layout],
        identity=make_identity(seed, number),
        voice=make_voice(seed, number),
        habits=make_habits(seed, number),
    )


def sentences_of(speaker: Speaker, count: int) -> list[Sentence]:
    """The sentences that a speaker says in a corpus of ``count`` clips a speaker."""
    return speaker.layout.choose(count, np.random.default_rng([speaker.seed, speaker.number, 401]))


def make_clip(speaker: Speaker, sentence: Sentence) -> Clip:
    """Speak and move: follows from (seed, speaker, sentence) alone, whatever else the corpus holds."""
    key = [speaker.seed, speaker.number, zlib.crc32(sentence.name.encode())]
    layout = speaker.layout
    score = layout.lay_out(sentence, speaker.voice.rate, np.random.default_rng([*key, 1]))
    performance = perform(score, speaker.habits, layout.fps, np.random.default_rng([*key, 2]))
    samples = synthesise(score, speaker.voice, np.random.default_rng([*key, 3]), layout.sound_rate)
    return Clip(sentence, score, performance, samples)


def draw_clip(speaker: Speaker, clip: Clip, frames: Iterable[int] | None = None) -> Iterator[np.ndarray]:
    """The clip's pictures, HWC uint8, one by one; by default all of them, at the layout's rate."""
    moves = clip.performance
    for frame in range(clip.num_frames) if frames is None else frames:
        gaze_x, gaze_y = moves.gaze_mm[frame].tolist()
        yield draw_face(
            speaker.identity, moves.aus[frame], moves.poses[frame],
            blink=float(moves.blink[frame]), pucker=float(moves.pucker[frame]), gaze_mm=(gaze_x, gaze_y),
            stage=speaker.layout.stage,
        )  # fmt: skip


def truth_rows(speaker: Speaker, clip: Clip) -> list[dict[str, Any]]:
    """Rows of AU_TRUTH: what was drawn, for each frame of the decoded clip (25 fps)."""
    rows = []
    moves, layout = clip.performance, speaker.layout
    for frame in range(layout.num_frames_at_25(clip.num_frames)):
        drawn = min(layout.shown_frame(frame), clip.num_frames - 1)
        pose = moves.poses[drawn]
        mouth = shape_mouth(speaker.identity, moves.aus[drawn], float(moves.pucker[drawn]))
        rows.append(
            {
                "clip": f"{speaker.name}/{clip.sentence.name}",
                "frame": frame,
                "aus": moves.aus[drawn].astype(np.float32).tolist(),
                "lip_gap": lip_gap_px(mouth, pose, layout.stage),
                "mouth_width": mouth_width_px(mouth, pose, layout.stage),
            }
        )
    return rows


def write_clip(root: Path, speaker: Speaker, clip: Clip) -> None:
    """Write the clip and its transcript where the layout has them; each file appears whole or not at all."""
    layout, name = speaker.layout, clip.sentence.name
    lines = clip.score.lines(layout.transcript_units_per_s, silences=layout.transcript_silences)
    _write_text(layout.transcript_path(root, speaker.name, name), "".join(f"{line}\n" for line in lines))
    encode_clip(layout.clip_path(root, speaker.name, name), draw_clip(speaker, clip), clip.samples, layout)


def prepare_folder(root: Path, speaker: Speaker, names: Iterable[str]) -> None:
    """Claim the speaker's folders, and remove clips that an earlier configuration left there.

    Raises:
        SyntheticError: the folder holds files that talkface did not make.
    """
    kept = list(names)
    layout = speaker.layout
    signature = root / SIGNATURE
    clips = layout.clip_path(root, speaker.name, "x").parent
    if not signature.is_file():
        if clips.is_dir() and any(clips.iterdir()):
            raise SyntheticError(
                f"{clips}: contains files that talkface did not make; a synthetic corpus needs a folder "
                "of its own (corpus.root), or corpus.synthetic must be left out"
            )
        # Speakers are made beside one another: each writes a file of its own, then gives it the common name.
        own = root / f".{SIGNATURE}.{speaker.name}"
        _write_text(own, _SIGNATURE_TEXT.format(corpus=layout.corpus))
        own.replace(signature)
    for place in (layout.clip_path, layout.transcript_path):
        expected = {place(root, speaker.name, name) for name in kept}
        example = place(root, speaker.name, "x")
        example.parent.mkdir(parents=True, exist_ok=True)
        for path in example.parent.glob(f"*{example.suffix}"):
            if path not in expected:
                path.unlink()


def encode_clip(path: Path, frames: Iterable[np.ndarray], samples: np.ndarray, layout: Layout) -> None:
    """Encode as the layout's real clips are: codecs, size and rates.

    Args:
        path: target; it appears whole or not at all.
        frames: uint8 RGB of the stage's size, at the layout's frame rate.
        samples: float32 [S] mono at the layout's sample rate, in [-1, 1].
        layout: says everything else.

    Raises:
        MediaError: the encoder failed, or the program lacks it.
    """
    codec = layout.encoding["vcodec"]
    if codec not in encoders():
        raise MediaError(
            f"no {codec} encoder", "ffmpeg", "install a full build, or: pip install imageio-ffmpeg"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        sound, partial = Path(folder) / "sound.f32", Path(folder) / f"clip{path.suffix}"
        sound.write_bytes(samples.astype("<f4").tobytes())
        picture = ffmpeg.input(
            "pipe:0",
            format="rawvideo",
            pix_fmt="rgb24",
            video_size=(layout.stage.width, layout.stage.height),
            framerate=layout.fps,
        )
        voice = ffmpeg.input(address(sound), format="f32le", ar=layout.sound_rate, ac=1)
        sink = ffmpeg.output(
            picture["v:0"], voice["a:0"], address(partial), **layout.encoding,
            pix_fmt="yuv420p", ar=layout.sound_rate,
            # one thread and no dates: the same clip gives the same bytes
            threads=1, fflags="+bitexact", map_metadata=-1,
            **{"flags:v": "+bitexact", "flags:a": "+bitexact"},
        )  # fmt: skip
        with Child(sink, path, fed=True) as child:
            child.feed(frame.data for frame in frames)
            status, text = child.finish()
        if status != 0 or not partial.is_file():
            raise MediaError("cannot be encoded", path, (text.strip().splitlines() or ["no explanation"])[0])
        partial.replace(path)


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
