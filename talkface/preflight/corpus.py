"""Checks the raw clips: how many there are, and which cannot be opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from talkface import corpora
from talkface.config import Config
from talkface.corpora.listing import CorpusError, clip_files, evenly
from talkface.corpora.transcripts import find_transcripts
from talkface.media.ffmpeg import MediaError
from talkface.media.probe import probe
from talkface.preflight.estimate import MEASURED

_OPENED_PER_SPEAKER = 20
_PROBED = 3


@dataclass
class Survey:
    """What the corpus holds: clips of each speaker, frames a clip, what hinders and what is only odd."""

    clips: dict[str, int] = field(default_factory=dict)
    frames_per_clip: float = 75.0
    frames_from: str = "as in GRID"
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def survey(config: Config, speakers: Sequence[str], read: bool) -> Survey:
    """Count clips and try a few; ``read``: jobs that read the raw clips are among those to run.

    Single clips that cannot be opened are a warning, as they become rows with a reason; a speaker of whose
    clips none can be opened is a problem. At most 20 clips a speaker are tried, three are probed.
    """
    found = Survey()
    plan, reader = config.corpus.synthetic, config.corpus.reader
    found.frames_per_clip = MEASURED["frames_per_clip"].get(plan.layout if plan else reader, 75)
    found.frames_from = f"as in {plan.layout if plan else reader}"
    if plan is not None:
        found.clips = dict.fromkeys(speakers, plan.clips_per_speaker)
        return found
    tried: list[Path] = []
    for speaker in speakers:
        try:
            paths = _clips(config, speaker, found, read)
        except CorpusError as error:
            found.problems.append(f"corpus.root: {error}")
            continue
        found.clips[speaker] = len(paths)
        tried += evenly_paths(paths, 1)
    if read:
        _probe([tried[place * len(tried) // _PROBED] for place in range(_PROBED)] if tried else [], found)
    return found


def _clips(config: Config, speaker: str, found: Survey, read: bool) -> list[Path]:
    # Not a public function of talkface.corpora: it would change the code version of `list_clips`.
    reader = corpora._READERS[config.corpus.reader]
    folder = reader.clip_folder(config.corpus, speaker)
    files = clip_files(folder)
    names = evenly(list(files), config.corpus.max_clips_per_speaker)
    paths = [files[name] for name in names]
    if not read:
        return paths
    if not paths:
        found.warnings.append(f"corpus.root: speaker {speaker} has no clips in {str(folder)!r}")
        return paths
    opened = evenly_paths(paths, _OPENED_PER_SPEAKER)
    closed = [path for path in opened if not os.access(path, os.R_OK)]
    if len(closed) == len(opened):
        found.problems.append(
            f"corpus.root: none of speaker {speaker}'s clips can be opened, such as {str(closed[0])!r}: "
            "check its permissions and links"
        )
    else:
        found.warnings += [
            f"corpus.root: {str(path)!r} cannot be opened: it will become a failed clip" for path in closed
        ]
    if not find_transcripts(reader, config.corpus, speaker, names).used:
        places = reader.transcript_folders(config.corpus, speaker)
        found.warnings.append(
            f"corpus.root: speaker {speaker} has no transcripts ({reader.TRANSCRIPT}) in "
            f"{' or '.join(repr(str(place)) for place in places)} or elsewhere (docs/adding_corpus.md): "
            "lips are measured over whole clips"
        )
    return paths


def evenly_paths(paths: list[Path], limit: int) -> list[Path]:
    """At most ``limit`` of them, evenly spaced."""
    return [paths[place * len(paths) // limit] for place in range(limit)] if limit < len(paths) else paths


def _probe(paths: list[Path], found: Survey) -> None:
    lengths = []
    for path in dict.fromkeys(paths):
        try:
            info = probe(path)
        except MediaError as error:
            found.warnings.append(f"corpus.root: one of {_PROBED} clips that were tried: {error}")
            continue
        if info.duration_s:
            lengths.append(info.duration_s * 25)
    if lengths:
        found.frames_per_clip = sum(lengths) / len(lengths)
        found.frames_from = f"the mean of {len(lengths)} clips"
