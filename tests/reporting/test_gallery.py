"""Pictures and videos for people: truth and generated side by side, with the sound that drove them."""

import numpy as np
import pytest
from tiny_corpus import CROP, write_generated

from talkface.artifacts.schemas import CLIPS
from talkface.artifacts.tables import write_table
from talkface.config import Corpus, Evaluation, Gallery
from talkface.jobs.render_gallery import render_gallery
from talkface.media.audio import read_audio
from talkface.media.side_by_side import side_by_side
from talkface.media.video import read_frames, write_video

ALL = Evaluation()


def test_truth_and_generated_stand_side_by_side():
    black, grey = (np.full((16, 16, 3), value, np.uint8) for value in (0, 50))
    pair = side_by_side({"true": black, "generated": grey})
    assert pair.shape == (48 + 22, 96, 3) and pair[24, 24, 0] == 0 and pair[24, 72, 0] == 50
    assert pair[48:, :48].min() < 128 and pair[48:, 48:].min() < 128  # the labels are there


@pytest.mark.parametrize("sound", ["", "_other_sound"])
def test_gallery_videos_carry_the_sound_that_drove_them(tmp_path, truth, sound):
    clips, split, features = truth
    tones = {"s1/b": 400.0, "s1/c": 1200.0, "s2/d": 2500.0}  # Hz
    root = tmp_path / "corpus"
    for clip in clips[1:]:
        time_S = np.arange(len(clip.images) * 640) / 16_000
        tone = 0.5 * np.sin(2 * np.pi * tones[clip.name] * time_S).astype(np.float32)
        write_video(root / f"{clip.name}.mp4", clip.images, audio=tone)
    rows = [
        {
            "clip": clip.name,
            "speaker": clip.name[:2],
            "utterance": clip.name[3:],
            "path": f"{clip.name}.mp4",
            "size_bytes": 1,
            "words": [],
        }
        for clip in clips[1:]
    ]
    write_table(tmp_path / "clips.parquet", CLIPS, rows)
    videos = [tmp_path / "gallery" / f"{number}.mp4" for number in range(2)]
    render_gallery(
        generated=[write_generated(tmp_path / "ours.parquet", clips[1:])],
        faces=[features["s1"]["faces"], features["s2"]["faces"]],
        clips=[tmp_path / "clips.parquet"],
        split=split,
        shown="ours" + sound,
        corpus=Corpus(root=root),
        evaluation=ALL,
        gallery=Gallery(clips_per_subset=1),
        videos=videos,
    )
    shown = {"": ["s1/b", "s2/d"], "_other_sound": ["s1/c", None]}[sound]
    for video, clip, source in zip(videos, (clips[1], clips[3]), shown, strict=True):
        pictures = list(read_frames(video))
        assert len(pictures) == len(clip.images)
        assert pictures[0].shape[1] == 6 * CROP and pictures[0].shape[0] in (3 * CROP + 22, 3 * CROP + 23)
        half = pictures[0][: 3 * CROP]
        assert (
            np.abs(half[:, : 3 * CROP].astype(int) - half[:, 3 * CROP :]).mean() < 6
        )  # both are the truth here
        sound = read_audio(video, num_frames=len(clip.images))
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        peak_hz = np.fft.rfftfreq(len(sound), 1 / 16_000)[spectrum.argmax()]
        expected = [tones[source]] if source else [tones["s1/b"], tones["s1/c"]]
        assert min(abs(peak_hz - tone) for tone in expected) < 30


def test_gallery_refuses_a_wrong_number_of_videos(tmp_path, truth):
    _, split, _ = truth
    with pytest.raises(ValueError, match="1 videos declared for 2 clips"):
        render_gallery(
            generated=[],
            faces=[],
            clips=[],
            split=split,
            shown="ours",
            corpus=Corpus(),
            evaluation=ALL,
            gallery=Gallery(clips_per_subset=1),
            videos=[tmp_path / "0.mp4"],
        )
