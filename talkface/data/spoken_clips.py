"""Clips with the words that are spoken in them, for training the lip reader.

Legend: B clips, T frames, h and w of the mouth region, L words of a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table
from talkface.config import PictureAugmentation
from talkface.data.augmentation import draw_pictures
from talkface.data.mouth_clips import MouthClips

_FPS = 25.0


@dataclass(frozen=True)
class SpokenBatch:
    """B clips, padded to the longest by their last frames."""

    grey_BThw: Tensor  # uint8
    frames_B: Tensor
    token_BL: Tensor
    token_BT: Tensor  # -1 beyond a clip's end
    affine_B23: Tensor
    gamma_B: Tensor

    def __getitem__(self, share: slice) -> SpokenBatch:
        """Some of the clips."""
        return SpokenBatch(*(getattr(self, field.name)[share] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.frames_B)

    def to(self, device: torch.device) -> SpokenBatch:
        """On a device."""
        parts = (getattr(self, field.name) for field in fields(self))
        return SpokenBatch(*(part.to(device, non_blocking=True) for part in parts))

    def pin_memory(self) -> SpokenBatch:
        """In memory from which a GPU copies while it works."""
        return SpokenBatch(*(getattr(self, field.name).pin_memory() for field in fields(self)))


@dataclass(frozen=True)
class Spoken:
    """The words of a clip."""

    words: tuple[str, ...]
    tokens: tuple[int, ...]
    times_s: tuple[tuple[float, float], ...]


class SpokenClips:
    """Training clips whose transcript is a sentence of the grammar; the others are left out.

    Args:
        split: the split's table, with the words.
        faces: tables of all shards.
        lengths: frames of the clips that may be used.
        crop_size: side of a crop in pixels.
        see: from uint8 crops [N, H, W, 3] to what the network is shown of them, uint8 [N, h, w].
        tokens_of: from words to tokens, ``None`` for what is no sentence of the grammar.
        picture: how clips are varied.
        tempo: largest change of the tempo, as a share.
        scratch: folder for the decoded crops.

    Raises ``ValueError`` where no clip is left.
    """

    def __init__(
        self,
        split: Path,
        faces: Sequence[Path],
        lengths: Mapping[str, int],
        crop_size: int,
        *,
        see: Callable[[Tensor], Tensor],
        tokens_of: Callable[[Sequence[str]], list[int] | None],
        picture: PictureAugmentation,
        tempo: float,
        scratch: Path | None = None,
    ):
        self.spoken = spoken_clips(split, lengths, tokens_of)
        if not self.spoken:
            raise ValueError(
                f"none of {len(lengths)} training clips has a transcript that is a sentence of the grammar: "
                "a lip reader cannot be trained; give transcripts (docs/adding_corpus.md), name the grammar "
                "in metrics.evaluators.lip_reader.grammar, or leave it out (enabled: false)"
            )
        self.clips = list(self.spoken)
        self.lengths = {clip: lengths[clip] for clip in self.clips}
        self._mouths = MouthClips(faces, self.lengths, crop_size, see, scratch)
        self._picture, self._tempo = picture, tempo

    def __len__(self) -> int:
        return len(self.clips)

    def draw(self, indices: Sequence[int], rng: np.random.Generator) -> SpokenBatch:
        """These clips, varied in light, place and tempo."""
        drawn = [self._clip(self.clips[index], rng) for index in indices]
        longest = max(len(grey_Thw) for grey_Thw, _, _ in drawn)
        change = draw_pictures(self._picture, len(drawn), rng)
        return SpokenBatch(
            torch.stack([_padded(grey_Thw, longest) for grey_Thw, _, _ in drawn]),
            torch.tensor([len(grey_Thw) for grey_Thw, _, _ in drawn]),
            torch.tensor([tokens for _, tokens, _ in drawn]),
            torch.stack(
                [
                    torch.cat([token_T, token_T.new_full((longest - len(token_T),), -1)])
                    for _, _, token_T in drawn
                ]
            ),
            change.affine_B23,
            change.gamma_B,
        )

    def images(self, clip: str) -> np.ndarray:
        """A clip's crops as they are, uint8 [T, H, W, 3]."""
        return self._mouths.crops(clip)

    def _clip(self, clip: str, rng: np.random.Generator) -> tuple[Tensor, tuple[int, ...], Tensor]:
        """What is seen of a clip [T, h, w], the sentence's tokens, and each frame's [T]."""
        said, length = self.spoken[clip], self.lengths[clip]
        paced = max(len(said.tokens), round(length * (1 + rng.uniform(-self._tempo, self._tempo))))
        frames_T = np.minimum((np.arange(paced) + rng.random()) * length / paced, length - 1).astype(int)
        token_F = frame_tokens(said, length)
        return (
            self._mouths[clip][torch.from_numpy(frames_T)],
            said.tokens,
            torch.from_numpy(token_F[frames_T]),
        )


def spoken_clips(
    split: Path, clips: Mapping[str, int], tokens_of: Callable[[Sequence[str]], list[int] | None]
) -> dict[str, Spoken]:
    """The words of those clips whose transcript is a sentence of the grammar, by clip."""
    found = {}
    for row in read_table(split, SPLIT).select(["clip", "words"]).to_pylist():
        words = tuple(word["word"] for word in row["words"])
        tokens = tokens_of(words) if row["clip"] in clips else None
        if tokens is not None:
            times = tuple((word["start_s"], word["end_s"]) for word in row["words"])
            found[row["clip"]] = Spoken(words, tuple(tokens), times)
    return found


def frame_tokens(said: Spoken, num_frames: int) -> np.ndarray:
    """Token of the word that is spoken in the middle of each frame, 0 between words, int64 [T]."""
    middle_T = (np.arange(num_frames) + 0.5) / _FPS
    token_T = np.zeros(num_frames, np.int64)
    for token, (start, end) in zip(said.tokens, said.times_s, strict=True):
        token_T[(middle_T >= start) & (middle_T < end)] = token
    return token_T


def _padded(grey_Thw: Tensor, frames: int) -> Tensor:
    return torch.cat([grey_Thw, grey_Thw[-1:].expand(frames - len(grey_Thw), -1, -1)])
