"""Factors on action units against the labeller: with a larger factor it sees more of that unit."""

from contextlib import closing

import numpy as np
import pytest
from page_server import write_photo, write_sound

import talkface
from talkface.artifacts.schemas import AU_NAMES
from talkface.config import AuLabels
from talkface.features.aus import PROXY_AUS, ClipFrames, open_labeller
from talkface.features.faces import track_face
from talkface.media.photo import read_photo

FACTORS = (0, 1, 3)
"""benchmarks/au_steering.py has more, and other faces: docs/command.md."""


@pytest.mark.slow
def test_each_unit_rises_with_its_factor(tmp_path):
    """The package's bundle, a real face (scikit-image's astronaut) and the labeller of the trainings."""
    photo = read_photo(write_photo(tmp_path / "photo.png"))
    sound = write_sound(tmp_path / "sound.wav", 0.6)
    animator, labels = talkface.load(), AuLabels()
    assert not PROXY_AUS[labels.backend]

    def seen(labeller, factors):
        frames = list(animator.animate(photo, sound, au=factors, label=False))
        track = track_face(frames, animator.model.faces, animator.model.settings.video.crop_size)
        clip = ClipFrames("film", track.points, track.detected, lambda: track.images)
        return labeller.label(clip).raw.mean(0)

    with closing(open_labeller(labels, animator.model.faces)) as labeller:
        plain_A = seen(labeller, {})
        for place, au in enumerate(AU_NAMES):
            own = [plain_A if factor == 1 else seen(labeller, {au: factor}) for factor in FACTORS]
            rises = np.diff([intensity_A[place] for intensity_A in own])
            assert (rises > 0.01).all(), (au, own)  # several times what rounding of pixels makes
