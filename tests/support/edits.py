"""Edits of the code: those that must rerun nothing, and those that must rerun what depends on them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edit:
    name: str
    file: str
    old: str  # replaced everywhere in the file; "" appends
    new: str
    rules: frozenset[str] = frozenset()
    """The rules whose code or parameters change; none for an edit that reruns nothing."""

    def apply(self, checkout: Path) -> None:
        path = checkout / self.file
        text = path.read_text()
        assert self.old in text, f"{self.name}: {self.file} has no {self.old!r} any more"
        path.write_text(text.replace(self.old, self.new) if self.old else text + self.new)


NOTHING = [
    Edit(
        "text of an error of the table writer",
        "talkface/artifacts/tables.py",
        "contains nulls",
        "has empty cells",
    ),
    Edit("text of an error of a launcher", "talkface/training/launch.py", "cannot share ", "will not share "),
    Edit("text of an error of a feature", "talkface/features/mel.py", "sound must be one", "give one"),
    Edit(
        "text of an error of a loss", "talkface/losses/presence_loss.py", "rates of presence lie", "rates are"
    ),
    Edit("text of an assertion", "talkface/training/parallel.py", 'f"{items} items among', 'f"{items} of'),
    Edit("log line of a step", "talkface/jobs/crop_faces.py", "clips cropped", "clips done"),
    Edit("log line of the loop", "talkface/training/loop.py", "run again to resume", "run it again"),
    Edit("progress of a step", "talkface/jobs/crop_faces.py", '"crop_faces {shard}"', '"{shard}"'),
    Edit("progress lines", "talkface/runtime/logs.py", "_LINE_EVERY_S = 10.0", "_LINE_EVERY_S = 5.0"),
    Edit(
        "progress in a training", "talkface/training/loop.py", "_LINE_EVERY_S = 10.0", "_LINE_EVERY_S = 9.0"
    ),
    Edit(
        "type hint",
        "talkface/models/noise_schedule.py",
        "timestep_N: Tensor) -> Tensor:",
        "timestep_N) -> Tensor:",
    ),
    Edit(
        "type alias",
        "talkface/features/alignment.py",
        "Array = npt.NDArray[np.float32]",
        "Array = np.ndarray",
    ),
    Edit("docstring", "talkface/features/alignment.py", "Least-squares rotation", "The best rotation"),
    Edit("comment", "talkface/models/tcsan.py", "", "\n# a remark\n"),
    Edit(
        "formatting",
        "talkface/generation/samplers/ddim.py",
        "x_NCHW = noise_SNCHW[0]",
        "x_NCHW = (\n        noise_SNCHW[0]\n    )",
    ),
    Edit("local rename in a launcher", "talkface/training/launch.py", "deadline", "latest"),
    Edit("lock", "talkface/runtime/lock.py", "_POLL_S = 0.2", "_POLL_S = 0.3"),
    Edit(
        "how often a training is saved",
        "talkface/training/state.py",
        "SAVE_EVERY_S = 60.0",
        "SAVE_EVERY_S = 90.0",
    ),
    Edit("atomic writing", "talkface/artifacts/atomic.py", "secrets.token_hex(4)", "secrets.token_hex(5)"),
    Edit(
        "compression of tables",
        "talkface/artifacts/tables.py",
        '_COMPRESSION = "zstd"',
        '_COMPRESSION = "snappy"',
    ),
    Edit(
        "check of the configuration",
        "talkface/config/data.py",
        "le=512, multiple_of=4",
        "le=1024, multiple_of=4",
    ),
    Edit("signals", "talkface/training/signals.py", "signal.SIGUSR1", "signal.SIGUSR2"),
    Edit(
        "unused import", "talkface/features/mel.py", "import functools\n", "import functools\nimport json\n"
    ),
    Edit("new function", "talkface/features/mel.py", "", "\n\ndef unused(x):\n    return x + 1\n"),
    Edit(
        "new schema",
        "talkface/artifacts/schemas.py",
        "",
        '\nNEW = TableSchema("new", 1, pa.schema([]), ())\n',
    ),
    Edit("how a job is measured", "talkface/runtime/cost.py", "_FIRST_S, _THEN_S", "_SOON_S, _THEN_S"),
    Edit("version of the package", "talkface/__init__.py", "__version__ = ", "__version__ = 'x' + "),
    Edit("comment in a script", "workflow_scripts/train_renderer.py", "", "# a remark\n"),
    Edit("comment in a rule", "rules/train.smk", "", "\n\n# a remark\n"),
]

TRAININGS = frozenset({"train_autoencoder", "train_audio_to_au", "train_au_attention", "train_renderer"})
CROPPING, LABELLING = frozenset({"crop_faces"}), frozenset({"label_aus", "score_aus"})
HEARING = frozenset({"extract_mel", "train_audio_to_au", "predict_aus", "train_renderer", "generate_clips"})

RERUN = [
    Edit(
        "band edges of the mel filters",
        "talkface/features/mel.py",
        "1 + hz / 700",
        "1 + hz / 690",
        frozenset({"extract_mel"}),
    ),
    Edit(
        "default of a loss weight",
        "talkface/config/losses.py",
        "commitment: float = 0.25",
        "commitment: float = 0.5",
        frozenset({"train_autoencoder"}),
    ),
    Edit("EMA", "talkface/training/ema.py", "_RAMP = 0.1", "_RAMP = 0.2", TRAININGS),
    Edit(
        "schedule of the learning rate",
        "talkface/training/schedule.py",
        "left = 1.0 - through",
        "left = 1.1 - through",
        TRAININGS,
    ),
    Edit(
        "crop template",
        "talkface/features/alignment.py",
        "_EYE_LINE_PX = 41.0",
        "_EYE_LINE_PX = 43.0",
        CROPPING,
    ),
    Edit(
        "noise schedule",
        "talkface/models/noise_schedule.py",
        "beta_end: float = 0.0195",
        "beta_end: float = 0.02",
        frozenset({"train_renderer", "generate_clips"}),
    ),
    Edit(
        "codec of the gallery",
        "talkface/media/film.py",
        '"crf": 18, "preset"',
        '"crf": 20, "preset"',
        frozenset({"render_gallery"}),
    ),
    Edit(
        "sampler",
        "talkface/generation/samplers/ddim.py",
        "spaced_S + 1 if",
        "spaced_S + 2 if",
        frozenset({"generate_clips"}),
    ),
    Edit("lip metric", "talkface/metrics/lips.py", "STILL = 0.02", "STILL = 0.03", frozenset({"score_lips"})),
    Edit(
        "AU measure",
        "talkface/features/aus/geometric.py",
        "_CHIN_FROM_GAP = 0.3",
        "_CHIN_FROM_GAP = 0.4",
        LABELLING,
    ),
    Edit(
        "fusion",
        "talkface/models/tcsan.py",
        "REFERENCE_FRAMES = 50",
        "REFERENCE_FRAMES = 51",
        frozenset({"train_renderer", "generate_clips"}),
    ),
    Edit(
        "loss of presence",
        "talkface/losses/presence_loss.py",
        "MIN_RATE = 0.01",
        "MIN_RATE = 0.02",
        frozenset({"train_audio_to_au"}),
    ),
    Edit(
        "mouth's region",
        "talkface/data/regions.py",
        "_MOUTH = (62,",
        "_MOUTH = (61,",
        frozenset({"train_autoencoder"}),
    ),
    Edit(
        "published number",
        "talkface/reporting/tables/published.yaml",
        "",
        "\n# a number typed in\n",
        frozenset({"tabulate_main_results"}),
    ),
    Edit(
        "reason of a clip that fails",
        "talkface/media/video.py",
        '"no picture", child.path)',
        '"no image", child.path)',
        CROPPING,
    ),
    Edit(
        "constant in a script",
        "workflow_scripts/score_clips.py",
        "",
        "CONSTANT = 1\n",
        frozenset({"score_lips", "score_pixels"}),
    ),
]
"""``rules``: some of those whose code the edit reaches."""
