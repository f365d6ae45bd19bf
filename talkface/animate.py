"""From a photo and a sound to a lip-synced film: ``python -m talkface.animate PHOTO SOUND --output FILM``.

The face is detected, cropped and disentangled like the first frame of a clip. The trained networks of an
experiment generate its frames from the sound, and what they change is blended back into the photo.

Shapes: T frames, N frames of a batch, H and W of the photo, S crop size.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from talkface.artifacts.weights import load_model
from talkface.config import Config, merge, validate
from talkface.data.regions import mouth_box
from talkface.data.stores import identity_of
from talkface.evaluation.needs import needs_of
from talkface.features.alignment import AlignedFrame, FaceError, Tally
from talkface.features.aus import ClipFrames, open_labeller
from talkface.features.faces import FaceMesh, follow_face
from talkface.features.facts import ClipFacts
from talkface.features.judging import judge
from talkface.features.landmarks import lip_opening
from talkface.features.pasting import paste
from talkface.generation.clip import load_generator
from talkface.generation.streamed_sound import StreamedSound
from talkface.jobs.disentangle_faces import keep_whole, take_apart
from talkface.media import program
from talkface.media.audio import SoundFile
from talkface.media.film import KINDS, OriginalSound, kind_of
from talkface.media.outputs import check_input, check_output, is_folder
from talkface.media.photo import read_photo
from talkface.media.video import write_pictures, write_video
from talkface.models.au_attention import AuGenerator
from talkface.models.audio_to_au import AudioToAu
from talkface.models.autoencoder import VQAutoencoder
from talkface.runtime.logs import ProgressMeter
from talkface.training.device import pick_precision, prepare

logger = logging.getLogger(__name__)

_OF_A_PHOTO = ("mouth_outside", "brightness", "sharpness", "face_px", "turn_deg")
"""Facts of a clip that a single picture has too."""
_OPEN_MOUTH = 0.05
"""Lip opening over the distance of the eyes: closed lips have 0.03 at most."""


def animate(
    *,
    photo: Path,
    sound: Path,
    output: str | Path,
    config: Config,
    variant: str,
    seed: int,
    crop_only: bool = False,
) -> int:
    """Write the film and return its number of frames, ceil(seconds x 25).

    Its sound is the given one, at its own sample rate and in its own channels, held in silence to the end of
    the last frame. ``output`` names a film, or a folder for PNG pictures: see :func:`check_output`.

    Raises ``ValueError`` (naming the file) for a photo without a face, a sound that cannot be read, an output
    that would overwrite either or cannot be written, or an experiment whose networks have not been trained.
    """
    program.choose(config.media.ffmpeg)
    check_input("photo", photo, "a PNG or JPEG picture that shows a face")
    check_input("sound", sound, "any sound or video file with speech")
    check_output(output, photo, sound)
    needs = needs_of(config, variant)
    if needs & {"true_aus", "masked_latents"}:
        raise ValueError(f"--variant {variant}: it needs a true video besides the photo and the sound")
    if "identity_face" in needs and config.aus.backend == "openface":
        raise ValueError(
            "aus.backend: 'openface' labels clips, not one photo: use an experiment whose labels are "
            "'geometric' or 'blendshapes', or a --variant without disentanglement"
        )
    rate, fps = config.mel.sample_rate, config.video.fps
    picture_HW3, heard = read_photo(photo), SoundFile(sound, sample_rate=rate)
    if heard.silent:
        logger.warning("sound %s: it is silent", sound)
    face = find_face(picture_HW3, config, photo)
    device = prepare(config.compute)
    train = Path("results", config.experiment, config.corpus.name, "train")

    def weights(stage: str, of: str = "shared") -> Path:
        return train / stage / of / f"seed-{seed}" / "model.safetensors"

    autoencoder = load_model(weights("autoencoder"), VQAutoencoder, device)
    told = "predicted_aus" in needs
    audio_to_au = load_model(weights("audio_to_au"), AudioToAu, device) if told else None

    if "identity_face" in needs:
        attention = load_model(weights("au_attention"), AuGenerator, device)
        raw_A = label_photo(face, config, photo)
        columns = take_apart(attention, autoencoder, face.image, face.points.ravel(), raw_A)
    else:
        columns = keep_whole(autoencoder, face.image, face.points.ravel())
    identity = identity_of(columns, config.video.crop_size)

    num_frames = math.ceil(heard.num_samples * fps / rate)
    driving = StreamedSound(heard, num_frames, audio_to_au, config.mel, config.mfcc, device)

    generator = load_generator(
        weights("renderer", config.trained_as(variant)),
        weights("autoencoder"),
        config.variant_sampler(variant),
        device,
        pick_precision(config.compute, device),
    )
    meter, own_SS3 = ProgressMeter(num_frames, "frames"), face.image

    def frames() -> Iterator[np.ndarray]:
        for batch_NSS3 in generator.pictures(identity, driving, clip=photo.stem, seed=seed):
            for face_SS3 in batch_NSS3:
                yield face_SS3 if crop_only else paste(face_SS3, own_SS3, picture_HW3, face.affine)
            meter.advance(len(batch_NSS3))

    if is_folder(output):
        write_pictures(output, frames())
    else:
        original = OriginalSound(sound, heard.track, num_frames / fps)
        write_video(output, frames(), fps=fps, audio=original)
    meter.finish()
    return num_frames


def find_face(picture_HW3: np.ndarray, config: Config, photo: Path) -> AlignedFrame:
    """The photo's face, judged by the limits that hold for clips.

    Raises ``ValueError`` for a photo without a face that can be animated; what speaks against a film that is
    made all the same is a warning.
    """
    seen = ClipFacts(mouth_box(config.video.crop_size))
    remedy = "use a photo that shows one face from the front"
    try:
        with FaceMesh(config.faces) as mesh:
            pictures = seen.watch([picture_HW3])
            [face] = follow_face(pictures, config.faces, config.video.crop_size, mesh, Tally())
    except FaceError as error:
        raise ValueError(f"{photo}: {error}; {remedy}") from error
    seen.add(face)
    facts = seen.facts()
    reason, doubts = judge({name: facts[name] for name in _OF_A_PHOTO}, config.limits)
    if reason:
        raise ValueError(f"{photo}: {reason}; {remedy} (the configuration's limits decide)")
    if doubts:
        logger.warning("photo %s: %s", photo, doubts)
    if float(lip_opening(face.points[None])[0]) > _OPEN_MOUTH:
        logger.warning("photo %s: the mouth is open; it may not close where nobody speaks", photo)
    return face


def label_photo(face: AlignedFrame, config: Config, photo: Path) -> np.ndarray:
    """Raw intensities [5] of the photo's face, by the labeller that the experiment's networks learned from.

    Raises ``ValueError`` where it sees no face.
    """
    with closing(open_labeller(config.aus, config.faces)) as labeller:
        seen = np.array([face.detected])
        frames = ClipFrames(photo.stem, face.points[None], seen, lambda: face.image[None])
        labels = labeller.label(frames)
        if not labels.detected[0]:
            raise ValueError(f"{photo}: {labeller.version} finds no face; use a photo from the front")
    return labels.raw[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m talkface.animate",
        description="Make a lip-synced film from a photo and a sound file.",
        epilog="Networks are those of a finished experiment, in the folder where Snakemake ran; "
        "after `make demo`:  python -m talkface.animate face.png speech.wav --output speaking.mp4",
    )
    parser.add_argument("photo", type=Path, help="PNG or JPEG that shows a face from the front")
    parser.add_argument("sound", type=Path, help="any sound or video file with speech")
    parser.add_argument(
        "--output",
        default="speaking.mp4",
        help=f"the film ({', '.join(KINDS)}), or a folder for PNG pictures, with a slash at the end "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--configfile",
        type=Path,
        nargs="+",
        default=[Path("config.yaml")],
        help="as for snakemake (default: the demo)",
    )
    parser.add_argument("--variant", default="ours", help="a variant of the config (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="a seed that was trained (default: %(default)s)")
    parser.add_argument("--crop", action="store_true", help="only the face, not the whole photo")
    given = parser.parse_args(arguments)
    try:
        config = _read_config(given.configfile)
        if given.variant not in config.variants:
            raise ValueError(f"--variant {given.variant}: the config has {sorted(config.variants)}")
        num_frames = animate(
            photo=given.photo,
            sound=given.sound,
            output=given.output,
            config=config,
            variant=given.variant,
            seed=given.seed,
            crop_only=given.crop,
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    mute = is_folder(given.output) or not kind_of(given.output).sound
    seconds = num_frames / config.video.fps
    print(f"{given.output}: {num_frames} frames, {seconds:.2f} s" + (", without sound" if mute else ""))


def _read_config(paths: Sequence[Path]) -> Config:
    raw: dict[str, Any] = {}
    for path in paths:
        if not path.is_file():
            raise ValueError(f"--configfile {path}: no such file; run this in the folder where Snakemake ran")
        try:
            settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"--configfile {path}: not YAML ({' '.join(str(error).split())})") from error
        if not isinstance(settings, dict):
            raise ValueError(f"--configfile {path}: no settings in it; it must name fields and their values")
        raw = merge(raw, settings)
    return validate(raw, paths)


if __name__ == "__main__":
    main()
