"""How networks are trained: length, batches, learning rate, EMA, saving."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from talkface.config.basics import Fraction, Strict


class Training(Strict):
    """One optimisation; progress is counted in samples seen, never in steps or epochs."""

    samples: int = Field(ge=1)
    """Length of the training in samples: frames, or patches for the autoencoder."""
    paper_samples: int | None = None
    """Length of the paper's schedule, for the share that the notes give."""
    batch_size: int = Field(ge=1)
    """Items per step, over all processes."""
    micro_batch: int | None = Field(None, ge=1)
    """Items of a batch that go through the networks at once; None: all that fit into memory."""
    learning_rate: float = Field(gt=0)
    """Learning rate of AdamW at its highest."""
    beta1: float = 0.9
    """AdamW: decay of the gradient's mean."""
    beta2: float = 0.999
    """AdamW: decay of the gradient's mean square."""
    weight_decay: float = 0.0
    """AdamW: decoupled weight decay."""
    warmup_samples: int = 0
    """Samples over which the learning rate rises linearly."""
    decay: Literal["constant", "linear", "cosine"] = "constant"
    """How the learning rate falls to zero at the end."""
    decay_start: Fraction = 0.0
    """Share of the samples after which the decay begins."""
    gradient_clip: float | None = None
    """Largest norm of a gradient; None: not clipped."""
    ema_halflife_samples: int | None = None
    """Half-life of the running average of the weights (EMA); None: no average is kept."""
    save_every_samples: int = Field(50_000, ge=1)
    """Samples between two saved states; a state is also saved at least once a minute."""
    log_every_samples: int = Field(5_000, ge=1)
    """Samples between two rows of the training history."""
    warm_start: Path | None = None
    """A model.safetensors to start from."""
