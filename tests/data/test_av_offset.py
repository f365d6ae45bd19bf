"""The data's own offset: lips whose opening is the loudness, some frames earlier or later."""

import numpy as np
import pytest
from drawn_lips import lips_and_sound, write_clips
from tiny_corpus import CROP

from talkface.data.av_offset import data_offset


def offset_of(folder, clips):
    tables = write_clips(folder, clips)
    lengths = {clip.name: len(clip.images) for clip in clips}
    return data_offset([tables["landmarks"]], [tables["mel"]], lengths, CROP)


@pytest.mark.parametrize("late", [-6, 0, 9])
def test_a_shift_of_all_clips_is_found(tmp_path, late):
    clips = [lips_and_sound(f"s1/c{number}", "train", number) for number in range(5)]
    for clip in clips:
        clip.mel[:] = np.roll(clip.mel, 4 * late, axis=0)
    found = offset_of(tmp_path, clips)
    assert abs(found.frames + late) <= 1  # positive: the sound is early
    assert found.correlation > 0.5 and found.share_within_2 >= 0.8


def test_still_lips_have_none(tmp_path):
    clip = lips_and_sound("s1/a", "train", 0)
    clip.points[:] = clip.points[:1]
    with pytest.raises(ValueError, match="none of 1 training clips has lips and sound that change"):
        offset_of(tmp_path, [clip])
