"""Animates photos with the networks of a bundle or of an experiment.

Shapes: T frames, N frames of a batch, H and W of the photo, S crop size.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np
import torch

from talkface.animation.film import Film
from talkface.animation.networks import Networks, load_networks
from talkface.animation.portrait import find_face, identity_of_face
from talkface.animation.steering import (
    Noted,
    SteeredPainter,
    Steering,
    check_factors,
    is_steered,
    read_curves,
)
from talkface.bundles.model import Model, find_model
from talkface.config import Compute, Sampler
from talkface.features.pasting import Pasting
from talkface.generation.clip import ClipGenerator
from talkface.generation.painters import Painter, open_painter
from talkface.generation.streamed_sound import StreamedSound
from talkface.media import program
from talkface.media.audio import SoundFile
from talkface.media.film import Still
from talkface.media.outputs import check_input
from talkface.media.photo import read_photo
from talkface.models.renderer import Renderer
from talkface.runtime.ahead import ahead
from talkface.training.device import pick_precision, prepare

logger = logging.getLogger(__name__)

AnyPath = str | PathLike[str]


def open_animator(
    model: AnyPath | None = None, *, variant: str | None = None, device: str = "auto"
) -> Animator:
    """An animator with the networks of a bundle, of an experiment's folder, or those of the package.

    Args:
        model: folder of a bundle, or of a finished experiment (``results/EXPERIMENT/CORPUS``); None: the
            bundle that comes with the package.
        variant: of an experiment; None: the first of its ``main``.
        device: ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.

    Raises:
        BundleError: no such model, or one that was changed; the message names file, field and remedy.
        ValueError: no such device.
    """
    found = find_model(None if model is None else Path(model), variant)
    compute = Compute.model_validate({"threads": torch.get_num_threads(), "device": device})
    if found.ffmpeg is not None:
        program.choose(found.ffmpeg)
    return Animator(found, compute)


class Animator:
    """Makes films of photos. Networks are loaded when the first film is begun, and stay."""

    def __init__(self, model: Model, compute: Compute):
        self.model = model
        self._device = prepare(compute)
        self._precision = pick_precision(compute, self._device)
        self._painting = threading.Lock()

    def animate(
        self,
        photo: AnyPath | np.ndarray,
        sound: AnyPath,
        *,
        steps: int | None = None,
        seed: int = 0,
        au: Mapping[str, float] | None = None,
        au_curve: AnyPath | None = None,
        crop: bool = False,
        label: bool = True,
        noted: Noted | None = None,
    ) -> Film:
        """A film of the photo that speaks the sound: its frames, or a file (``Film.write``).

        Frames are generated while they are asked for, so that a film of any length needs no memory. It has
        ceil(seconds x 25) frames; its sound is the given one, held in silence to the end of the last frame.

        Args:
            photo: a picture file that shows a face from the front, or RGB pixels uint8 [H, W, 3].
            sound: any sound or video file with speech.
            steps: denoising steps, of a model that denoises; None: those of the model.
            seed: of the noise, of a model that denoises.
            au: action unit -> factor on what the sound asks of it, such as ``{"AU25": 1.3}``.
            au_curve: CSV file with intensities over time that replace it (docs/command.md).
            crop: the face alone, not the whole photo.
            label: "AI-generated" in a corner of every frame.
            noted: filled with the action units of each frame while the film's frames are asked for, once.

        Raises:
            ValueError: naming the file, for a photo without a face, a sound that cannot be read, and options
                that this model does not have.
        """
        picture_HW3, name = _picture(photo)
        sound = Path(sound)
        check_input("sound", sound, "any sound or video file with speech")
        settings = self.model.settings
        curves = None if au_curve is None else read_curves(Path(au_curve))
        factors = check_factors(au or {})
        if twice := sorted(set(factors) & set(curves.intensity_K if curves else ())):
            raise ValueError(f"--au {twice[0]}: --au-curve sets it already; leave one of the two out")
        heard = SoundFile(sound, sample_rate=settings.mel.sample_rate)
        if heard.silent:
            logger.warning("sound %s: it is silent", sound)
        size = settings.video.crop_size
        face = find_face(picture_HW3, self.model.faces, settings.limits, size, name)
        networks, sampler = self._networks, self._sampler(steps)
        paint: Painter = open_painter(
            networks.renderer, self.model.networks.get("autoencoder"), sampler, self._device
        )
        if factors or curves is not None or noted is not None:
            steering = Steering(factors, curves, settings.video.fps)
            paint = SteeredPainter(paint, networks.renderer, steering, noted)
        generator = ClipGenerator(networks.renderer, paint, sampler, self._device, self._precision)
        num_frames = math.ceil(heard.num_samples * settings.video.fps / settings.mel.sample_rate)
        identity = identity_of_face(face, self.model, networks, name)

        pasting = None if crop else Pasting(face.image, picture_HW3, face.affine)

        def parts() -> Iterator[np.ndarray]:
            driving = StreamedSound(
                heard, num_frames, networks.audio_to_au, settings.mel, settings.mfcc, self._device
            )
            batches = generator.pictures(identity, driving, clip=Path(name).stem, seed=seed)
            with closing(ahead(self._one_at_a_time(batches))) as coming:
                for batch_NSS3 in coming:
                    yield from batch_NSS3 if pasting is None else map(pasting.part, batch_NSS3)

        return Film(
            parts=parts,
            still=None if pasting is None else Still(picture_HW3, pasting.top, pasting.left),
            num_frames=num_frames,
            fps=settings.video.fps,
            height=size if crop else picture_HW3.shape[0],
            width=size if crop else picture_HW3.shape[1],
            sound=heard,
            model=self.model.name,
            label=label,
        )

    def _one_at_a_time(self, batches: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """The batches of a film; never two films at once, whose steering would meet in the one network."""
        while True:
            with self._painting:
                batch_NSS3 = next(batches, None)
            if batch_NSS3 is None:
                return
            yield batch_NSS3

    @property
    def steered(self) -> bool:
        """Whether this model's action units can be set by hand, and noted; loads the networks."""
        return is_steered(self._networks.renderer)

    @cached_property
    def _networks(self) -> Networks:
        return load_networks(self.model, self._device)

    def _sampler(self, steps: int | None) -> Sampler:
        sampler, renderer = self.model.settings.sampler, self._networks.renderer
        if steps is None:
            return sampler
        if not isinstance(renderer, Renderer) and not hasattr(renderer, "sampled_frames"):
            raise ValueError(
                f"--steps {steps}: the renderer '{renderer.name}' makes a frame in one step; leave it out"
            )
        if not 1 <= steps <= 1000:
            raise ValueError(f"--steps {steps}: must be from 1 to 1000")
        return sampler.model_copy(update={"steps": steps})


def _picture(photo: AnyPath | np.ndarray) -> tuple[np.ndarray, str]:
    """The photo's pixels, and its name for messages."""
    if not isinstance(photo, np.ndarray):
        path = Path(photo)
        check_input("photo", path, "a PNG or JPEG picture that shows a face")
        return read_photo(path), str(path)
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        raise ValueError(f"photo: {photo.dtype} {photo.shape}; give RGB pixels, uint8 [height, width, 3]")
    return photo, "photo"
