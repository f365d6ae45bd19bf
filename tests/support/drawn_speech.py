"""Drawn speech, followed and cropped, with the truth that was drawn."""

from functools import cache

from talkface.config import Faces
from talkface.corpora.synthetic.corpus import make_clip, make_speaker, sentences_of
from talkface.corpora.synthetic.face import draw_face
from talkface.features.faces import FaceMesh, track_face

SEED = 0


@cache
def drawn_speech():
    """Drawn speech: for three speakers the mesh and crops of every second frame of a clip, and the truth."""
    clips = []
    with FaceMesh(Faces()) as mesh:
        for number in (1, 3, 5):
            speaker = make_speaker(SEED, number)
            moves = make_clip(speaker, sentences_of(speaker, 12)[0]).performance
            chosen = range(0, len(moves.poses), 2)
            frames = (
                draw_face(
                    speaker.identity,
                    moves.aus[t],
                    moves.poses[t],
                    float(moves.blink[t]),
                    float(moves.pucker[t]),
                )
                for t in chosen
            )
            clips.append((track_face(frames, Faces(), 112, mesh), moves.aus[list(chosen)]))
    return clips
