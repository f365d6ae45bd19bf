"""The photo's face: found, judged by the limits that hold for clips, and taken apart for the renderer.

Shapes: H and W of the photo, S crop size, A action units.
"""

from __future__ import annotations

import logging
from contextlib import closing

import numpy as np
import torch

from talkface.animation.networks import Networks
from talkface.bundles.model import Model
from talkface.config import AuLabels, Faces, Limits
from talkface.data.face_shapes import crop_points
from talkface.data.frames import to_images, to_tensor
from talkface.data.regions import hide_lower_half, mouth_box
from talkface.data.stores import Identity, darken
from talkface.features.alignment import AlignedFrame, FaceError, Tally
from talkface.features.aus import ClipFrames, open_labeller
from talkface.features.faces import FaceMesh, follow_face
from talkface.features.facts import ClipFacts
from talkface.features.judging import judge
from talkface.features.landmarks import lip_opening

logger = logging.getLogger(__name__)

_OF_A_PHOTO = ("mouth_outside", "brightness", "sharpness", "face_px", "turn_deg")
"""Facts of a clip that a single picture has too."""
_OPEN_MOUTH = 0.05
"""Lip opening over the distance of the eyes: closed lips have 0.03 at most."""


def find_face(
    picture_HW3: np.ndarray, faces: Faces, limits: Limits, crop_size: int, photo: str
) -> AlignedFrame:
    """The photo's face; ``photo`` is its name for messages.

    Raises ``ValueError`` for a photo without a face that can be animated; what speaks against a film that is
    made all the same is a warning.
    """
    seen = ClipFacts(mouth_box(crop_size))
    remedy = "use a photo that shows one face from the front"
    try:
        with FaceMesh(faces) as mesh:
            [face] = follow_face(seen.watch([picture_HW3]), faces, crop_size, mesh, Tally())
    except FaceError as error:
        raise ValueError(f"{photo}: {error}; {remedy}") from error
    seen.add(face)
    facts = seen.facts()
    reason, doubts = judge({name: facts[name] for name in _OF_A_PHOTO}, limits)
    if reason:
        raise ValueError(f"{photo}: {reason}; {remedy} (the configuration's limits decide)")
    if doubts:
        logger.warning("photo %s: %s", photo, doubts)
    if float(lip_opening(face.points[None])[0]) > _OPEN_MOUTH:
        logger.warning("photo %s: the mouth is open; it may not close where nobody speaks", photo)
    return face


def label_face(face: AlignedFrame, labels: AuLabels, faces: Faces, photo: str) -> np.ndarray:
    """Raw intensities [A] of the photo's face, by the labeller that AU-Attention learned from.

    Raises ``ValueError`` where it sees no face.
    """
    with closing(open_labeller(labels, faces)) as labeller:
        seen = np.array([face.detected])
        found = labeller.label(ClipFrames(photo, face.points[None], seen, lambda: face.image[None]))
        if not found.detected[0]:
            raise ValueError(f"{photo}: {labeller.version} finds no face; use a photo from the front")
    return found.raw[0]


@torch.no_grad()
def identity_of_face(face: AlignedFrame, model: Model, networks: Networks, photo: str) -> Identity:
    """What the renderer needs of the face: as rules ``disentangle_faces`` and ``encode_first_faces`` store
    it, but without latents where no autoencoder is there to make them."""
    device = next(networks.renderer.parameters()).device
    image_13HW = to_tensor(face.image[None], device)
    mask_11HW = torch.ones_like(image_13HW[:, :1])
    identity_13HW = audio_13HW = image_13HW
    if networks.au_attention is not None:
        raw_A = label_face(face, model.settings.aus, model.faces, photo)
        au_1A = torch.from_numpy(raw_A[None].astype(np.float32) / 5).to(device)
        _, mask_11HW = networks.au_attention(image_13HW, au_1A)
        identity_13HW, audio_13HW = darken(image_13HW, mask_11HW), darken(image_13HW, 1 - mask_11HW)
    latents_2Chw = torch.empty(2, 0)
    if networks.autoencoder is not None:
        hidden_13HW = hide_lower_half(image_13HW)
        latents_2Chw = networks.autoencoder.to_latent(torch.cat([identity_13HW, hidden_13HW])).half().cpu()
    return Identity(
        image_HW3=torch.from_numpy(to_images(image_13HW)[0]),
        points_P2=crop_points(face.points.reshape(1, -1), face.image.shape[0])[0],
        mask_1HW=mask_11HW[0].half().cpu(),
        audio_face_HW3=torch.from_numpy(to_images(audio_13HW)[0]),
        identity_latent=latents_2Chw[0],
        masked_latent=latents_2Chw[1],
    )
