"""Score tables and histories drawn from known means, as the steps of the papers' tables read them."""

from pathlib import Path

import numpy as np

from talkface.artifacts.schemas import AU_NAMES, HISTORY, SCORES, SPLIT
from talkface.artifacts.tables import write_table
from talkface.config import AuLabels, Corpus, Evaluation, Faces, Perceptual, Sampler, Split
from talkface.reporting.tables.published import PUBLISHED
from talkface.reporting.tables.setting import Setting

FRAMES = 75
ENDINGS = {"csv": "csv", "markdown": "md", "tex": "tex", "content": "json", "cards": "cards.json"}


def clip_values(level, rng):
    """A clip's values of every metric around a level: PSNR in dB, the others follow it."""
    hits = int(np.clip(rng.normal(20 + 2 * (level - 29), 1), 1, 29))
    values = {
        "psnr": level + rng.normal(0, 0.3),
        "ssim": 0.75 + 0.02 * (level - 29) + rng.normal(0, 0.003),
        "psnr_mouth": level - 4,
        "ssim_mouth": 0.7,
        "sharpness_mouth_ratio": 0.9,
        "lmd_px": 1.0 - 0.1 * (level - 29) + rng.normal(0, 0.02),
        "lip_correlation_words": np.clip(0.5 + 0.1 * (level - 29) + rng.normal(0, 0.05), -1, 1),
        "lip_deviation_ratio_words": 0.9,
        "detection_rate": 0.97,
    }
    for au in AU_NAMES:
        outcomes = {"tp": hits, "fp": 5, "fn": 30 - hits, "tn": 40}
        values |= {f"{au.lower()}_{name}": float(count) for name, count in outcomes.items()}
    return values


def score_rows(speakers, level, *, subset="unseen_test", clips=4, seed=0, speaker_sd=0.2, without=()):
    """SCORES rows of one run; ``without`` names metrics that have no value."""
    rng = np.random.default_rng(seed)
    for number in range(speakers):
        own = level + rng.normal(0, speaker_sd)
        for clip in range(clips):
            for metric, value in clip_values(own, rng).items():
                yield {
                    "clip": f"s{number}/u{clip}",
                    "speaker": f"s{number}",
                    "subset": subset,
                    "metric": metric,
                    "value": None if metric in without else float(value),
                    "weight": float(FRAMES),
                }


class PaperInputs:
    """Files behind one table under ``root``: scores of methods by level, histories, the split."""

    def __init__(
        self, root: Path, levels: dict, *, speakers=6, seeds=(0,), protocol="one_shot", without=None
    ):
        self.root, self.seeds, self.protocol = root, list(seeds), protocol
        self.speakers, self.scores, self.histories = speakers, [], []
        for method, level in levels.items():
            for seed in seeds:
                self._write_scores(method, level + 0.5 * seed, seed, (without or {}).get(method, ()))
        self._write_split()
        for run in ("autoencoder/shared", *(f"renderer/{name}" for name in levels)):
            path = root / f"train/{run}/seed-0/history.parquet"
            rows = [{"samples": 12_000, "name": "loss", "value": 0.1}]
            write_table(path, HISTORY, rows, {"device": "cpu", "paper_samples": 1_200_000})
            self.histories.append(path)

    def _write_scores(self, method, level, seed, without):
        path = self.root / f"scores/{method}/seed-{seed}/{self.protocol}/all.parquet"
        unseen = score_rows(self.speakers, level, without=without)
        seen = (
            row | {"clip": f"t{row['clip']}", "speaker": f"t{row['speaker']}"}
            for row in score_rows(2, level, subset="seen_test", seed=1, without=without)
        )
        write_table(path, SCORES, [*unseen, *seen])
        self.scores.append(path)

    def _write_split(self):
        self.split = self.root / "split.parquet"
        rows = [
            {
                "clip": f"{speaker}/u{clip}", "speaker": speaker, "utterance": f"u{clip}", "subset": subset,
                "ok": True, "reason": "", "doubts": "", "num_frames": FRAMES, "words": [],
            }
            for subset, speakers in (
                ("unseen_test", [f"s{number}" for number in range(self.speakers)]),
                ("seen_test", ["ts0", "ts1"]),
            )
            for speaker in speakers
            for clip in range(4)
        ]  # fmt: skip
        write_table(self.split, SPLIT, rows)

    def arguments(self, name, **changes):
        """What the tabulating steps are called with, but for the table itself."""
        return {
            "scores": self.scores,
            "split": self.split,
            "histories": self.histories,
            "published": PUBLISHED,
            "setting": Setting(
                experiment="test",
                corpus=Corpus(name="grid"),
                split_name="by_hand",
                chosen_split=Split(unseen=[f"s{number}" for number in range(self.speakers)]),
                aus=AuLabels(),
                landmarker_sha256=Faces().landmarker_sha256,
                evaluation=Evaluation(),
                seeds=tuple(self.seeds),
                code="0123456789abcdef",
            ),
            **{kind: self.root / f"tables/{name}.{end}" for kind, end in ENDINGS.items()},
            **changes,
        }

    def table_arguments(self, name, table, **changes):
        """The same for one of the config's tables."""
        generated = {"samplers": {"ours": Sampler()}, "perceptual": Perceptual(), "bounds": []}
        return self.arguments(name) | generated | {"table": name, "layout": table} | changes
