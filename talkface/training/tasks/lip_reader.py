"""Task: the lip reader, which reads the words of a closed grammar from a mouth's pictures.

CTC on the words of the transcript (Assael et al. 2016), [own]: and, since a few hundred clips are little, the
cross-entropy of each frame's word where the transcript says when it is spoken. Clips are varied in light,
place, size, side and tempo. Only training clips are seen; sound is not heard.

A network that reads its own training clips no better than ``most_wrong`` stops the training at its end.

Shape legend: B clips, T frames, V tokens.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from talkface.config import LipReader as LipReaderConfig
from talkface.data.mouth_clips import picture_change
from talkface.data.spoken_clips import SpokenBatch, SpokenClips
from talkface.data.subsets import clip_lengths
from talkface.losses.reading import ctc, in_place
from talkface.models.closed_grammar import tokens_of
from talkface.models.lip_reader import LipReader
from talkface.models.mouth_view import mouth_and_chin
from talkface.training import seeding
from talkface.training.errors import TrainingError
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

logger = logging.getLogger(__name__)

_CHECKED_CLIPS = 24


class LipReaderTask(Task):
    """Clips, network and losses, as the training loop asks for them; a sample is a clip."""

    def __init__(
        self,
        split: Path,
        faces: Sequence[Path],
        crop_size: int,
        config: LipReaderConfig,
        scratch: Path | None = None,
    ):
        seeding.reseed(config.seed)
        self.network = LipReader(config.grammar, config.width, config.features, config.dropout)
        self.modules = {"lip_reader": self.network}
        self.optimizers = {"lip_reader": build_optimizer(self.network.parameters(), config.training)}
        lengths = clip_lengths(split, "train")
        self._clips = SpokenClips(
            split, faces, lengths, crop_size,
            see=mouth_and_chin, tokens_of=partial(tokens_of, config.grammar),
            picture=picture_change(config.picture), tempo=config.tempo, scratch=scratch,
        )  # fmt: skip
        self.size, self._config = len(self._clips), config
        logger.info("%d of %d training clips are sentences of the grammar", self.size, len(lengths))

    def draw(self, indices: list[int], rng: np.random.Generator) -> SpokenBatch:
        """The drawn clips, varied."""
        return self._clips.draw(indices, rng)

    def step(self, drawn: SpokenBatch, context: StepContext) -> dict[str, Tensor]:
        """One update on the drawn clips."""
        own = drawn[context.share(len(drawn))].to(context.device)

        def losses(rows: slice) -> dict[str, Tensor]:
            batch = own[rows]
            grey_BThw = (batch.grey_BThw.float() / 255) ** batch.gamma_B[:, None, None, None]
            with context.autocast():
                log_BTV = self.network(grey_BThw, batch.affine_B23)
            parts = {
                "ctc": ctc(log_BTV, batch.token_BL, batch.frames_B),
                "in_place": in_place(log_BTV, batch.token_BT),
            }
            loss = parts["ctc"] + self._config.in_place_weight * parts["in_place"]
            return {"loss": loss, **{f"loss/{name}": value for name, value in parts.items()}}

        return context.descend(len(own), losses)

    def validate(self, context: StepContext) -> dict[str, float]:
        """The share of wrong words on some training clips as they are."""
        return {"validation/wrong_words": self.wrong_words(context.network)}

    @torch.no_grad()
    def wrong_words(self, network: torch.nn.Module) -> float:
        """The same, of any network of this kind."""
        assert isinstance(network, LipReader)
        device = next(network.parameters()).device
        wrong = []
        for clip in self._clips.clips[:: max(1, self.size // _CHECKED_CLIPS)]:
            read = network.read(self._clips.images(clip), device)
            said = [word.lower() for word in self._clips.spoken[clip].words]
            wrong.append([a != b for a, b in zip(read or [""] * len(said), said, strict=True)])
        return float(np.mean(wrong))

    def refuse_guesses(self, wrong: float, samples: int) -> None:
        """Raise ``TrainingError`` for a larger share of wrong words than ``most_wrong``."""
        if wrong > self._config.most_wrong:
            raise TrainingError(
                f"lip_reader: after {samples} clips {100 * wrong:.0f} % of the words of its own training "
                "clips are wrong: it guesses. Check that the transcripts belong to the clips, give it more "
                "clips or metrics.evaluators.lip_reader.training.samples, or leave it out (enabled: false)"
            )
