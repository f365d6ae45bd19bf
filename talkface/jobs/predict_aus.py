"""Rule ``predict_aus``: what the frozen Audio-to-AU nets say of every frame of a shard's clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import AU_FEATURES, CHECKS, MEL
from talkface.artifacts.tables import ClipTable, TableWriter, read_table
from talkface.artifacts.weights import load_model
from talkface.config import Compute, Mfcc
from talkface.data.sequences import load_sound, sound_windows
from talkface.models.audio_to_au import AudioToAu
from talkface.runtime.logs import progress
from talkface.training.device import pick_device

_FRAMES_AT_ONCE = 250


@torch.inference_mode()
def predict_aus(
    *, model: Path, mel: Path, checks: Path, mfcc: Mfcc, compute: Compute, au_features: Path
) -> None:
    """Write features (5 x 64, float16) and presence probabilities of each frame with sound."""
    device = pick_device(compute)
    torch.set_num_threads(compute.threads)
    net = load_model(model, AudioToAu).to(device).eval()
    frames_of = {
        row["clip"]: row["num_frames"] for row in read_table(checks, CHECKS).to_pylist() if row["ok"]
    }
    clips = ClipTable(mel, MEL).clips
    sound = load_sound([mel], clips, mfcc)
    metadata = {"data": data_hashes([model, mel, checks], au_features)}
    with TableWriter(au_features, AU_FEATURES, metadata) as writer:
        for clip in progress(clips, what="clips"):
            sound_KC = sound[clip]
            rows = []
            for start in range(0, frames_of[clip], _FRAMES_AT_ONCE):
                frames_T = np.arange(start, min(start + _FRAMES_AT_ONCE, frames_of[clip]))
                windows_BTCK = sound_windows(sound_KC, frames_T, mfcc.window_hops)[None].to(device)
                feature_BTF, logit_BTA, _ = net(windows_BTCK)
                feature_TF = feature_BTF[0].cpu().numpy().astype(np.float16)
                probability_TA = torch.sigmoid(logit_BTA[0]).cpu().numpy()
                rows += [
                    {
                        "clip": clip,
                        "frame": int(frame),
                        "feature": feature.tobytes(),
                        "probability": chances.tolist(),
                    }
                    for frame, feature, chances in zip(frames_T, feature_TF, probability_TA, strict=True)
                ]
            writer.write(rows)
