"""The rules from raw clips to features for one speaker of a folder corpus, step by step in this process."""

from dataclasses import dataclass
from pathlib import Path

from check_rows import check_row

from talkface.artifacts.schemas import CHECKS, CLIPS, FACES, LANDMARKS, MEL, SPLIT
from talkface.artifacts.tables import ClipTable, read_table, write_table
from talkface.config import AuLabels, Corpus, Faces, Limits, Mel, Split
from talkface.jobs.crop_faces import crop_faces
from talkface.jobs.extract_mel import extract_mel
from talkface.jobs.label_aus import label_aus
from talkface.jobs.list_clips import list_clips
from talkface.jobs.split_clips import split_clips

CROP = 112
BESIDE = "beside"
"""A speaker with two sound clips: a split needs some, whatever becomes of the speaker in question."""


@dataclass(frozen=True)
class Features:
    """What the rules wrote for the speaker."""

    folder: Path

    def checks(self, name: str = "checks") -> dict[str, dict]:
        """Clip -> its row of checks (of the picture, or ``sound_checks``)."""
        return {row["clip"]: row for row in read_table(self.folder / f"{name}.parquet", CHECKS).to_pylist()}

    def split(self) -> dict[str, dict]:
        rows = read_table(self.folder / "split.parquet", SPLIT).to_pylist()
        return {row["clip"]: row for row in rows if row["speaker"] != BESIDE}

    def rows(self, clip: str) -> list:
        """Everything that is kept of one clip, but for what rests on all of the speaker's clips."""
        tables = {"faces": FACES, "landmarks": LANDMARKS, "mel": MEL}
        opened = {name: ClipTable(self.folder / f"{name}.parquet", schema) for name, schema in tables.items()}
        return [table.read(clip).to_pylist() if clip in table else None for table in opened.values()]


def extract(root: Path, speaker: str, folder: Path, faces: Faces | None = None) -> Features:
    """From the clips below ``root`` to features and split."""
    corpus = Corpus(name="odd", reader="folder", root=root)
    at = {
        name: folder / f"{name}.parquet"
        for name in ("clips", "faces", "landmarks", "checks", "aus", "mel", "sound_checks", "split")
    }
    list_clips(corpus=corpus, speakers=[speaker], clips=at["clips"])
    crop_faces(
        corpus=corpus, shard=speaker, clips=at["clips"], faces=faces or Faces(), limits=Limits(),
        crop_size=CROP, faces_table=at["faces"], landmarks_table=at["landmarks"], checks_table=at["checks"],
    )  # fmt: skip
    extract_mel(
        corpus=corpus, shard=speaker, clips=at["clips"], checks=at["checks"], mel=Mel(), limits=Limits(),
        mel_table=at["mel"], sound_checks=at["sound_checks"],
    )  # fmt: skip
    label_aus(
        landmarks=at["landmarks"], faces_table=at["faces"], shard=speaker, aus=AuLabels(),
        faces=faces or Faces(), aus_table=at["aus"],
    )  # fmt: skip
    beside = _listed_and_checked(folder / BESIDE)
    split_clips(
        clips=[at["clips"], beside["clips"]], checks=[at["checks"], beside["checks"]],
        sound_checks=[at["sound_checks"], beside["checks"]],
        split=Split(unseen=[], held_back=0.34), split_table=at["split"],
    )  # fmt: skip
    return Features(folder)


def _listed_and_checked(folder: Path) -> dict[str, Path]:
    names = [f"{BESIDE}/{utterance}" for utterance in ("a", "b")]
    listed = [
        {"clip": name, "speaker": BESIDE, "utterance": name[-1], "path": name, "size_bytes": 1, "words": []}
        for name in names
    ]
    checked = [check_row(name) for name in names]
    at = {"clips": folder / "clips.parquet", "checks": folder / "checks.parquet"}
    write_table(at["clips"], CLIPS, listed)
    write_table(at["checks"], CHECKS, checked)
    return at
