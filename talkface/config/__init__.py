"""The experiment's configuration, defined by these pydantic models.

``config.yaml`` is the embedded demo; an overlay (``--configfile config.yaml configs/grid.yaml``) contains
only what differs. ``config.schema.json`` is generated from here (``python -m talkface.config``), and a test
checks that it is up to date.
"""

from talkface.config.augmentation import PictureAugmentation, SoundAugmentation
from talkface.config.basics import ConfigError, Strict, merge
from talkface.config.compute import Compute
from talkface.config.data import (
    AuLabels,
    Corpus,
    Download,
    Faces,
    Limit,
    Limits,
    Media,
    Mel,
    Mfcc,
    Split,
    Synthetic,
    Video,
)
from talkface.config.denoised import Denoised
from talkface.config.evaluators import Evaluators, LipReader, MouthChange, SoundChange, SyncEvaluator
from talkface.config.experiment import Config, Evaluation, Gallery, Table, TableRow
from talkface.config.external import EXTERNAL, External
from talkface.config.losses import Perceptual
from talkface.config.metrics import Metrics, Weights
from talkface.config.networks import AuAttention, AuClassifier, AudioToAu, Autoencoder
from talkface.config.reading import read_config, validate
from talkface.config.renderers import (
    RENDERERS,
    FrameRenderer,
    Fused,
    PhotoFused,
    PhotoRenderer,
    Renderer,
    WarpRenderer,
)
from talkface.config.sampler import Sampler
from talkface.config.study import Study
from talkface.config.training import Training

__all__ = [
    "EXTERNAL",
    "RENDERERS",
    "AuAttention",
    "AuClassifier",
    "AuLabels",
    "AudioToAu",
    "Autoencoder",
    "Compute",
    "Config",
    "ConfigError",
    "Corpus",
    "Denoised",
    "Download",
    "Evaluation",
    "Evaluators",
    "External",
    "Faces",
    "FrameRenderer",
    "Fused",
    "Gallery",
    "Limit",
    "Limits",
    "LipReader",
    "Media",
    "Mel",
    "Metrics",
    "Mfcc",
    "MouthChange",
    "Perceptual",
    "PhotoFused",
    "PhotoRenderer",
    "PictureAugmentation",
    "Renderer",
    "Sampler",
    "SoundAugmentation",
    "SoundChange",
    "Split",
    "Strict",
    "Study",
    "SyncEvaluator",
    "Synthetic",
    "Table",
    "TableRow",
    "Training",
    "Video",
    "WarpRenderer",
    "Weights",
    "merge",
    "read_config",
    "validate",
]
