"""The tables that rules exchange: one named, versioned schema each.

Every artifact of the pipeline but weights, videos and pages is a Parquet file of one of these schemas.
"Key" columns identify a row; the writer refuses a table in which two rows share a key.
Clips are named ``speaker/utterance`` and frames are 0-based video frames at 25 fps. A table that is read
where it is made needs no place here: a feature's can stand beside its extractor (docs/adding_extractor.md).
"""

from dataclasses import dataclass, field

import pyarrow as pa

AU_NAMES = ("AU10", "AU14", "AU20", "AU25", "AU26")
"""The five speech-related action units, in the order of every 5-vector (paper B, section 3.2)."""


@dataclass(frozen=True)
class TableSchema:
    """A named, versioned table: Arrow columns and the columns that identify a row."""

    name: str
    version: int
    columns: pa.Schema
    key: tuple[str, ...]
    per_clip_groups: bool = field(default=False)
    """One row group per clip, so that one clip is read without its neighbours."""


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _vector(size: int) -> pa.DataType:
    return pa.list_(pa.field("item", pa.float32(), nullable=False), size)


WORD = pa.struct(
    [_required("start_s", pa.float32()), _required("end_s", pa.float32()), _required("word", pa.string())]
)

CLIPS = TableSchema(
    "clips",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),  # "s1/bbaf2n"
            _required("speaker", pa.string()),
            _required("utterance", pa.string()),
            _required("path", pa.string()),  # relative to the corpus root
            _required("size_bytes", pa.int64()),
            _required("words", pa.list_(WORD)),  # empty where there is no transcript; silences left out
        ]
    ),
    ("clip",),
)
"""What a corpus reader lists for one speaker; nothing has been decoded yet."""

FACTS = (
    "mouth_outside", "cuts", "same_face", "mouth_movement", "brightness", "sharpness", "face_px", "turn_deg",
    "unclear_share", "sound_peak",
)  # fmt: skip
"""What is measured of a clip and judged by the configuration's ``limits``, which say what each is."""

CHECKS = TableSchema(
    "checks",
    3,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("ok", pa.bool_()),
            _required("reason", pa.string()),  # "" when ok
            _required("num_frames", pa.int32()),  # frames at 25 fps
            _required("source_fps", pa.float32()),
            _required("width", pa.int32()),
            _required("height", pa.int32()),
            _required("has_audio", pa.bool_()),
            _required("num_detected", pa.int32()),  # frames in which the face was found
            _required("num_bridged", pa.int32()),  # frames interpolated between detections
            _required(
                "doubts", pa.string()
            ),  # what is wrong with a clip that is used all the same; "" if nothing
            _required("first_face", pa.int32()),  # the frame whose face is the clip's photo; -1 if it failed
            *(pa.field(name, pa.float32()) for name in FACTS),  # absent where it was not measured
        ]
    ),
    ("clip",),
)
"""What decoding and face tracking found out about each listed clip; a failed clip is a row, never a gap."""

FACES = TableSchema(
    "faces",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),
            _required("image", pa.binary()),  # lossless PNG of the aligned crop, RGB
            _required("affine", _vector(6)),  # 2x3 row-major: source pixels -> crop pixels
            _required("detected", pa.bool_()),  # False: bridged between neighbours
        ]
    ),
    ("clip", "frame"),
    per_clip_groups=True,
)

LANDMARKS = TableSchema(
    "landmarks",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),
            _required("points", _vector(478 * 3)),  # x, y, z of MediaPipe's mesh, in pixels of the crop
            _required("detected", pa.bool_()),
        ]
    ),
    ("clip", "frame"),
    per_clip_groups=True,
)

AUS = TableSchema(
    "aus",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),
            _required(
                "raw", _vector(5)
            ),  # intensity 0-5 from one frame alone: may enter a model at test time
            _required(
                "normalised", _vector(5)
            ),  # intensity 0-5 on the speaker's statistics: targets, evaluation
            _required("presence", pa.list_(pa.field("item", pa.bool_(), nullable=False), 5)),
            _required("detected", pa.bool_()),
        ]
    ),
    ("clip", "frame"),
    per_clip_groups=True,
)

AU_TRUTH = TableSchema(
    "au_truth",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),
            _required("aus", _vector(5)),  # intensity 0-5 that drove the drawing, order AU_NAMES
            _required("lip_gap", pa.float32()),  # px of the source picture: inner lips, middle to middle
            _required("mouth_width", pa.float32()),  # px of the source picture: corner to corner
        ]
    ),
    ("clip", "frame"),
    per_clip_groups=True,
)
"""What a synthetic clip was drawn from; it serves tests and figures and is never an input of a model."""

MEL = TableSchema(
    "mel",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("hop", pa.int32()),  # 10 ms hops; hop h is centred on h * 10 ms
            _required("mel", pa.list_(pa.field("item", pa.float32(), nullable=False))),  # log-mel bands
        ]
    ),
    ("clip", "hop"),
    per_clip_groups=True,
)

SUBSETS = ("train", "appearance", "seen_test", "unseen_test", "unused")
SPLIT = TableSchema(
    "split",
    2,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("speaker", pa.string()),
            _required("utterance", pa.string()),
            _required("subset", pa.string()),  # one of SUBSETS; a clip that failed is "unused"
            _required("ok", pa.bool_()),
            _required("reason", pa.string()),
            _required("doubts", pa.string()),  # with which reservations it is used; "" if none
            _required("num_frames", pa.int32()),
            _required("words", pa.list_(WORD)),
        ]
    ),
    ("clip",),
)
"""The one place where it is decided which clip serves for what; all later stages read it."""

LATENTS = TableSchema(
    "latents",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),
            _required("latent", pa.binary()),  # float16, C x H x W, before quantisation, unit variance
        ]
    ),
    ("clip", "frame"),
    per_clip_groups=True,
)

AU_FEATURES = TableSchema(
    "au_features",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),
            _required("feature", pa.binary()),  # float16, 5 x 64, order AU_NAMES
            _required("probability", _vector(5)),
        ]
    ),
    ("clip", "frame"),
    per_clip_groups=True,
)
"""What the frozen Audio-to-AU nets say of each frame's sound."""

IDENTITIES = TableSchema(
    "identities",
    3,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),  # which frame the face is of: the first with a detected face
            _required("image", pa.binary()),  # uint8, H x W x 3: I
            _required("points", _vector(478 * 3)),  # x, y, z of its mesh, in pixels of the crop
            _required("mask", pa.binary()),  # float16, H x W: A; ones where the face is kept whole
            _required("audio_face", pa.binary()),  # uint8, H x W x 3: (1 - A) I; I where kept whole
            _required("identity_latent", pa.binary()),  # float16, C x h x w: latent of A I
            _required("masked_latent", pa.binary()),  # float16: latent of I with its lower half hidden
        ]
    ),
    ("clip",),
    per_clip_groups=True,
)
"""The first face of each clip, taken apart or kept whole: what a renderer knows of the person."""

GENERATED = TableSchema(
    "generated",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("frame", pa.int32()),
            _required("image", pa.binary()),  # lossless PNG, RGB, crop size
        ]
    ),
    ("clip", "frame"),
    per_clip_groups=True,
)

FILM_CHECKS = TableSchema(
    "film_checks",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("ok", pa.bool_()),
            _required("reason", pa.string()),  # why the film cannot stand for the clip; "" when ok
            _required("film", pa.string()),  # relative to the folder of films; "" where there is none
            _required("sha256", pa.string()),  # of the film
            _required("source_fps", pa.float32()),
            _required("width", pa.int32()),
            _required("height", pa.int32()),
            _required("has_audio", pa.bool_()),
            _required("offset_s", pa.float32()),  # when the true clip begins on the film's clock
            _required("offset_found", pa.bool_()),  # by the sound; False: assumed
            pa.field("correlation", pa.float32()),  # of the two sounds at that offset
            _required("num_frames", pa.int32()),  # of the true clip, at 25 fps
            _required("num_held", pa.int32()),  # of them without a picture in the film
            _required("num_detected", pa.int32()),  # in which the film shows a face
        ]
    ),
    ("clip",),
)
"""What became of the film of another system for each evaluated clip."""

SCORES = TableSchema(
    "scores",
    1,
    pa.schema(
        [
            _required("clip", pa.string()),
            _required("speaker", pa.string()),
            _required("subset", pa.string()),
            _required("metric", pa.string()),  # "psnr", "lmd_px", "lip_correlation_words", "au25_f1", ...
            pa.field("value", pa.float64()),  # null: not defined for this clip (said in the notes)
            _required("weight", pa.float64()),  # frames behind the value, or pooled counts
        ]
    ),
    ("clip", "metric"),
)

HISTORY = TableSchema(
    "history",
    1,
    pa.schema(
        [
            _required("samples", pa.int64()),
            _required("name", pa.string()),  # "loss", "loss/kl", "learning_rate", "validation/f1", ...
            _required("value", pa.float64()),
        ]
    ),
    ("samples", "name"),
)

BY_NAME = {table.name: table for table in list(globals().values()) if isinstance(table, TableSchema)}
