"""An experiment whose networks are there but untrained, with a photo and a sound to animate."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
import yaml
from click.testing import Result
from conftest import REPOSITORY
from typer.testing import CliRunner

from talkface.artifacts.weights import save_model
from talkface.cli.main import app
from talkface.config import Config, merge, validate
from talkface.corpora.synthetic.face import draw_face
from talkface.corpora.synthetic.speaker_look import make_identity
from talkface.models.au_attention import AuGenerator
from talkface.models.audio_to_au import AudioToAu
from talkface.models.autoencoder import VQAutoencoder
from talkface.preflight.source import source_of
from talkface.training.tasks.frame_renderer import build_frame_renderer
from talkface.training.tasks.photo_renderer import build_photo_renderer
from talkface.training.tasks.renderer import build_renderer
from talkface.training.tasks.warp_renderer import build_warp_renderer

OVERLAYS = [REPOSITORY / "config.yaml", *(REPOSITORY / f"configs/{n}.yaml" for n in ("micro", "variants"))]


EXPERIMENT = "results/micro/micro"


def configured(changes: dict[str, Any] | None = None) -> Config:
    raw: dict[str, Any] = {}
    for path in OVERLAYS:
        raw = merge(raw, yaml.safe_load(path.read_text()))
    return validate(merge(raw, changes or {}))


def note_setup(folder: Path, changes: dict[str, Any] | None = None) -> None:
    """The file in which the check before heavy jobs notes the configuration."""
    text = json.dumps({"source": source_of(configured(changes))})
    (folder / EXPERIMENT / "setup.json").write_text(text)


def untrained(folder: Path) -> Path:
    """An experiment's networks, untrained, and a drawn photo with a tenth more than one second of sound."""
    config = configured()
    networks = {
        "autoencoder/shared": VQAutoencoder(width=8, blocks=1, codes=16),
        "audio_to_au/shared": AudioToAu(),
        "au_attention/shared": AuGenerator(width=8, residual_blocks=1),
        "renderer/ours": build_renderer(config.renderer, config.mfcc, config.video.crop_size, 3),
        "renderer/b_full": build_frame_renderer(
            config.variant_renderer("b_full"), config.mfcc, config.video.crop_size
        ),
        "renderer/warp": build_warp_renderer(
            config.variant_renderer("warp"), config.mfcc, config.video.crop_size
        ),
        "renderer/a_with_photo": build_photo_renderer(
            config.variant_renderer("a_with_photo"), config.mfcc, config.video.crop_size
        ),
    }
    for stage, network in networks.items():
        path = folder / EXPERIMENT / "train" / stage / "seed-0"
        path.mkdir(parents=True)
        save_model(path / "model.safetensors", network, {})
    note_setup(folder)
    photo = draw_face(make_identity(0, 1), np.zeros(5))
    cv2.imwrite(str(folder / "it's a face.png"), photo[..., ::-1])
    sound = np.sin(np.arange(int(1.1 * 44_100)) * 0.05).astype(np.float32) * 0.3
    soundfile.write(folder / "speech.wav", sound, 44_100)
    return folder


def talkface(*words: str) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def generated(*words: str) -> Result:
    """A film by the experiment in this folder."""
    done = talkface("generate", *words, "--model", EXPERIMENT)
    assert done.exit_code == 0, done.stderr
    return done


def refused(*words: str, code: int | None = None) -> str:
    """The one line with which ``talkface generate`` refuses."""
    done = talkface("generate", *words, "--model", EXPERIMENT)
    assert done.exit_code in ((3, 4, 5) if code is None else (code,)), done.output
    said = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(said) == 1 and said[0].startswith("error: "), done.stderr
    return said[0]
