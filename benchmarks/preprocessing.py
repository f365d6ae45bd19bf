"""How fast is preprocessing? Decode -> mesh -> crop -> AUs -> mel -> Parquet, on one core.

    python benchmarks/preprocessing.py CORPUS_ROOT [--reader grid] [--speaker s1] [--clips 40]

Runs the steps of the rules list_clips, crop_faces, label_aus and extract_mel on real clips, pinned to one
core with all its children (the decoders), and prints seconds of video per second: of the clock, and of
processor time (nearly the same on an idle machine; on a busy one the clock tells of the neighbours).
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from talkface.artifacts.schemas import CHECKS
from talkface.artifacts.tables import read_table
from talkface.config import AuLabels, Corpus, Faces, Limits, Mel, Video

GOAL = 4.0
FPS = 25


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path)
    parser.add_argument("--reader", choices=["grid", "folder"], default="grid")
    parser.add_argument("--speaker", default="s1")
    parser.add_argument("--clips", type=int, default=40)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # before the libraries count the cores
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    corpus = Corpus(
        name="benchmark", reader=arguments.reader, root=arguments.root, max_clips_per_speaker=arguments.clips
    )
    with tempfile.TemporaryDirectory(prefix="talkface-benchmark-") as folder:
        phases = run(corpus, arguments.speaker, Path(folder))
        checks = read_table(Path(folder) / "checks.parquet", CHECKS).to_pylist()
    video_s = sum(check["num_frames"] for check in checks) / FPS
    print(f"{len(checks)} clips of {arguments.speaker}, {video_s:.0f} s of video, one core")
    for name, (clock_s, processor_s) in phases.items():
        print(f"  {name:<12}{clock_s:7.2f} s by the clock, {processor_s:7.2f} s of processor time")
    clock_s, processor_s = (sum(times) for times in zip(*phases.values(), strict=True))
    print(
        f"  {video_s / clock_s:.1f} x real time by the clock, {video_s / processor_s:.1f} x by processor time"
    )
    print(f"  goal {GOAL:.0f} x: {'reached' if video_s / processor_s >= GOAL else 'MISSED'}")


def run(corpus: Corpus, speaker: str, folder: Path) -> dict[str, tuple[float, float]]:
    """Seconds by the clock and of processor time, per step; imports and models' start included."""
    phases = {}
    began = _now()

    def done(name: str) -> None:
        nonlocal began
        now = _now()
        phases[name] = (now[0] - began[0], now[1] - began[1])
        began = now

    from talkface.jobs.list_clips import list_clips

    clips = folder / "clips.parquet"
    list_clips(corpus=corpus, speakers=[speaker], clips=clips)
    done("list_clips")

    from talkface.jobs.crop_faces import crop_faces

    faces, landmarks, checks = (folder / f"{name}.parquet" for name in ("faces", "landmarks", "checks"))
    crop_faces(
        corpus=corpus, shard=speaker, clips=clips, faces=Faces(), limits=Limits(),
        crop_size=Video().crop_size,
        faces_table=faces, landmarks_table=landmarks, checks_table=checks,
    )  # fmt: skip
    done("crop_faces")

    from talkface.jobs.label_aus import label_aus

    label_aus(
        landmarks=landmarks,
        faces_table=faces,
        shard=speaker,
        aus=AuLabels(),
        faces=Faces(),
        aus_table=folder / "aus.parquet",
    )
    done("label_aus")

    from talkface.jobs.extract_mel import extract_mel

    extract_mel(
        corpus=corpus, shard=speaker, clips=clips, checks=checks, mel=Mel(), limits=Limits(),
        mel_table=folder / "mel.parquet", sound_checks=folder / "sound_checks.parquet",
    )  # fmt: skip
    done("extract_mel")
    return phases


def _now() -> tuple[float, float]:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(usage.ru_utime + usage.ru_stime for usage in used)


if __name__ == "__main__":
    main()
