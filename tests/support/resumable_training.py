"""A small but whole training, for the tests of the loop; as a program it is the process that gets killed."""

import argparse
import json
import logging
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_table
from talkface.artifacts.weights import read_tensors, save_model
from talkface.config import Compute, Training
from talkface.models.network import Network
from talkface.training import seeding
from talkface.training.loop import Finished, StepContext, Task, run
from talkface.training.schedule import build_optimizer

TRAINING = Training(
    samples=960,
    batch_size=8,
    learning_rate=1e-2,
    warmup_samples=64,
    decay="cosine",
    weight_decay=0.01,
    gradient_clip=1.0,
    ema_halflife_samples=64,
    save_every_samples=40,
    log_every_samples=104,
)


class TinyNetwork(Network, name="tiny"):
    def __init__(self, width: int = 6):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(0.3), nn.Conv2d(width, 1, 3)
        )

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        return self.layers(x_BCHW)


class TinyTask(Task):
    """Two optimisers, batch norm, dropout and both generators: all that a resumed run could get wrong."""

    def __init__(self, training: Training = TRAINING, seed: int = 0, pause_s: float = 0.0):
        seeding.reseed(seed)
        self.network, self.critic = TinyNetwork(), nn.Conv2d(1, 1, 3)
        self.modules = {"network": self.network, "critic": self.critic}
        self.optimizers = {
            name: build_optimizer(module.parameters(), training) for name, module in self.modules.items()
        }
        self.size = 50
        self.samples_per_item = 1
        self._data = torch.randn(50, 3, 12, 12, generator=torch.Generator().manual_seed(1))
        self._pause_s = pause_s

    def step(self, indices: list[int], context: StepContext) -> dict[str, torch.Tensor]:
        time.sleep(self._pause_s)
        own = context.share(len(indices))
        x = (self._data[indices] + 0.1 * torch.randn(8, 3, 12, 12, generator=context.generator))[own]
        factor = float(context.rng.uniform(0.9, 1.1))
        made = torch.zeros(len(x), 1, 8, 8)

        def network_losses(rows: slice) -> dict[str, torch.Tensor]:
            y = self.network(factor * x[rows])
            made[rows] = y.detach()
            loss = F.mse_loss(y, x[rows, :1, 2:-2, 2:-2]) + 0.1 * self.critic(y).square().mean()
            return {"loss": loss}

        def critic_losses(rows: slice) -> dict[str, torch.Tensor]:
            return {"loss": (self.critic(made[rows]) - 1).square().mean()}

        values = context.descend(len(x), network_losses, "network")
        return values | {"loss/critic": context.descend(len(x), critic_losses, "critic", clip=10.0)["loss"]}

    def validate(self, context: StepContext) -> dict[str, float]:
        noise = float(torch.rand((), generator=context.generator))
        return {"validation/error": float(context.network(self._data).square().mean()) + noise}


def train(
    folder: Path,
    training: Training = TRAINING,
    task: Task | None = None,
    code: str = "1",
    seed: int = 0,
    **compute: bool,
) -> None:
    """Train into ``folder``: model.safetensors, history.parquet, work/."""

    def publish(finished: Finished) -> None:
        finished.record("closing", float(torch.rand(())))
        save_model(folder / "model.safetensors", finished.module, finished.metadata)

    run(
        task or TinyTask(training, seed),
        training,
        Compute(threads=1, device="cpu", precision="float32", **compute),
        seed=seed,
        work=folder / "work",
        history=folder / "history.parquet",
        fingerprint={"config": {"training": training.model_dump(mode="json")}, "code": code},
        inputs=[],
        what="tiny",
        publish=publish,
    )


def published(folder: Path) -> tuple[bytes, list[dict[str, Any]]]:
    """What a finished training leaves: its weights, to the byte, and its history."""
    return (folder / "model.safetensors").read_bytes(), read_table(
        folder / "history.parquet", HISTORY
    ).to_pylist()


def saved_samples(folder: Path) -> int:
    """How far the saved state is."""
    header, _ = read_tensors(folder / "work" / "state.safetensors", only_header=True)
    return json.loads(header)["counters"]["samples"]


def wait_until(condition, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


class SteppingTask(TinyTask):
    """Calls ``act`` at the start of each step."""

    def __init__(self, act, training: Training = TRAINING):
        super().__init__(training)
        self.act = act

    def step(self, indices, context):
        self.act(self, context)
        return super().step(indices, context)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pause", type=float, default=0.0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    train(arguments.folder, task=TinyTask(pause_s=arguments.pause))
