"""Where networks run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from talkface.config.basics import Strict


class Compute(Strict):
    """What is part of a run's numbers: threads change the last bits of the weights."""

    threads: int = Field(2, ge=1)
    """CPU threads of each process; another number changes the last bits of the weights."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run; auto: on a GPU where torch finds one."""
    precision: Literal["float32", "bfloat16", "auto"] = "auto"
    """Precision of the networks; auto: bfloat16 if the device supports it natively, else float32."""
    processes: int = Field(1, ge=1, exclude=True)
    """How many processes share one training: one per GPU, or CPU processes. Each takes its share of every
    batch. Not a rule parameter, so another number retrains nothing, and a training resumes with it."""
    loaders: int = Field(4, ge=0, exclude=True)
    """Processes that prepare batches ahead of a training on a GPU; 0: none. On a CPU there are none, since
    its cores are the training's own. Not a rule parameter: what is drawn is the same."""
    keep_state: bool = Field(True, exclude=True)
    """Keep the state of a finished training under work/ where one of more training.samples could go on
    from it: four times its weights. Not a rule parameter: changing it retrains nothing."""
    tensorboard: bool = Field(False, exclude=True)
    """Trainings also write their curves and sample pictures for TensorBoard: tensorboard --logdir work. Needs
    the package (pip install '.[tensorboard]'). Not a rule parameter: changing it retrains nothing."""
