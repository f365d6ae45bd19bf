"""Which test clips are generated and measured, whose sound drives them, and which ones are shown."""

import dataclasses

import pytest
from tiny_corpus import make_clip, write_split

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table
from talkface.config import Evaluation, Gallery
from talkface.evaluation.selection import evaluation_clips, gallery_clips, other_sound

ALL = Evaluation()
_BARE = make_clip("s1/a", "train", 3, 0)


def split_table(tmp_path, clips):
    return read_table(write_split(tmp_path / "split.parquet", clips), SPLIT)


def bare(name, subset):
    return dataclasses.replace(_BARE, name=name, subset=subset)


def test_evaluated_clips_are_test_clips_evenly_spaced(tmp_path):
    clips = [bare(f"s1/{number:02}", "seen_test") for number in range(20)]
    clips += [bare("s1/x", "train"), bare("s1/y", "unused"), bare("s2/z", "unseen_test")]
    table = split_table(tmp_path, clips[::-1])
    assert evaluation_clips(table, "s1", ALL) == [f"s1/{number:02}" for number in range(20)]
    assert evaluation_clips(table, "s1", Evaluation(max_clips_per_speaker=2)) == ["s1/05", "s1/15"]
    assert evaluation_clips(table, "s1", Evaluation(max_clips_per_speaker=1)) == ["s1/10"]
    assert evaluation_clips(table, "s2", ALL) == ["s2/z"]
    assert evaluation_clips(table, "s3", ALL) == []


def test_other_sound_is_never_the_clips_own(tmp_path):
    clips = [bare(f"s1/{number}", "seen_test") for number in range(5)]
    clips += [
        bare("s2/a", "unseen_test"),
        bare("s2/b", "train"),
        bare("s3/a", "unseen_test"),
        bare("s3/b", "unused"),
    ]
    table = split_table(tmp_path, clips)
    pairs = other_sound(table, "s1", ALL)
    assert sorted(pairs) == sorted(pairs.values()) == [f"s1/{number}" for number in range(5)]
    assert all(clip != other for clip, other in pairs.items())
    assert pairs == other_sound(table, "s1", ALL)
    assert any(other_sound(table, "s1", Evaluation(seed=seed)) != pairs for seed in range(1, 5))
    assert other_sound(table, "s2", ALL) == {"s2/a": "s2/b"}  # the speaker's only other usable clip
    borrowed = other_sound(table, "s3", ALL)[
        "s3/a"
    ]  # its other clip is not usable: another speaker's test clip
    assert borrowed in {clip.name for clip in clips if clip.subset.endswith("test")} - {"s3/a"}
    assert other_sound(table, "s9", ALL) == {}
    with pytest.raises(ValueError, match="only usable clip"):
        other_sound(split_table(tmp_path, [bare("s2/a", "unseen_test")]), "s2", ALL)


def test_gallery_takes_clips_of_many_speakers_and_always_as_many_as_declared(tmp_path):
    names = ["s1/a", "s1/b", "s2/a", "s2/b"]
    seen = [bare(name, "seen_test") for name in names]
    table = split_table(tmp_path, [*seen, bare("s3/a", "unseen_test")])
    assert gallery_clips(table, ALL, Gallery(clips_per_subset=2)) == ["s1/a", "s2/a", "s1/b", "s3/a"]
    assert gallery_clips(table, ALL, Gallery(clips_per_subset=1)) == ["s1/a", "s3/a"]
    assert gallery_clips(table, Evaluation(max_clips_per_speaker=1), Gallery(clips_per_subset=2)) == [
        "s1/b", "s2/b", "s1/b", "s3/a",
    ]  # fmt: skip
    assert gallery_clips(table, ALL, Gallery(clips_per_subset=0)) == []
    with pytest.raises(ValueError, match="no usable test clip"):
        gallery_clips(split_table(tmp_path, [bare("s1/a", "train")]), ALL, Gallery())
