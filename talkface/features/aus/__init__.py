"""AU10, AU14, AU20, AU25 and AU26 per frame, from exchangeable labellers.

Two kinds of intensity, never mixed: *raw* comes from one frame and may enter a model at test time;
*normalised* is on the speaker's statistics and serves as target and in evaluation.
"""

from __future__ import annotations

from talkface.config import AuLabels, Faces
from talkface.features.aus.base import AuError, ClipFrames, Labeller, RawLabels
from talkface.features.aus.speaker import Statistics

__all__ = ["PROXY_AUS", "AuError", "ClipFrames", "Labeller", "RawLabels", "Statistics", "open_labeller"]

PROXY_AUS: dict[str, frozenset[str]] = {
    "geometric": frozenset(),  # held to the measured response matrix by a test
    "blendshapes": frozenset({"AU10", "AU14", "AU25", "AU26"}),  # held to the measured matrix too
    "openface": frozenset(),  # trained on FACS-coded video; the papers' own labeller
}
"""Units that a backend does not tell apart when each is driven alone: marked *proxy* in every table."""


def open_labeller(settings: AuLabels, faces: Faces) -> Labeller:
    """The configured labeller, to be closed after use; ``faces`` names the models of ``blendshapes``.

    Raises:
        AuError: its program or files are missing.
        BundleError: its models are.
    """
    if settings.backend == "blendshapes":
        from talkface.features.aus.blendshapes import BlendshapeLabeller

        return BlendshapeLabeller(faces)
    if settings.backend == "openface":
        from talkface.features.aus.openface import OpenFaceLabeller

        return OpenFaceLabeller(settings.openface_program, settings.openface_csv)
    from talkface.features.aus.geometric import GeometricLabeller

    return GeometricLabeller()
