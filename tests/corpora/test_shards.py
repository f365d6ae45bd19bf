"""Which speakers share a shard: sizes, names, and that one more speaker or clip moves no others."""

import pytest

from talkface.config import Corpus, Synthetic
from talkface.corpora import CorpusError, list_speakers, shards
from talkface.corpora.shards import shards_by_clips, shards_by_number

MANY = {f"id{number:05d}": 100 + number % 90 for number in range(3000)}


def together(found: dict[str, list[str]]) -> set[str]:
    return {speaker for speakers in found.values() for speaker in speakers}


def test_grid_s_speakers_have_a_shard_each():
    sizes = dict.fromkeys((f"s{number}" for number in range(1, 35)), 1000)
    found = shards_by_clips(sizes)
    assert found == {name: [name] for name in sizes}
    assert list(found) == list(sizes), "in the speakers' order"


def test_the_demo_has_two_shards_of_three_speakers():
    corpus = Corpus(synthetic=Synthetic(speakers=6, clips_per_speaker=12))
    speakers = list_speakers(corpus)
    found = shards(corpus, speakers, "auto")
    assert found == {"shard-0": ["s1", "s3", "s4"], "shard-1": ["s2", "s5", "s6"]}
    assert list(shards(corpus, speakers, 1)) == speakers
    assert shards(corpus, speakers, 6) == {"shard": speakers}


def test_small_speakers_share_shards_of_a_bounded_size():
    found = shards_by_clips(MANY)
    assert together(found) == set(MANY) and sum(map(len, found.values())) == len(MANY)
    # A million clips have 273 shards; here are 430 thousand clips.
    assert 100 < len(found) < 250
    assert max(sum(MANY[name] for name in speakers) for speakers in found.values()) < 6000
    assert max(map(len, shards_by_number(list(MANY), 5).values())) == 5


def test_one_more_speaker_or_clip_moves_no_other_shard():
    before = shards_by_clips(MANY)
    for changed, own in (
        (MANY | {"newcomer": 150}, "newcomer"),
        (MANY | {"id00007": 900}, "id00007"),
        (MANY | {"id00008": 499}, "id00008"),
    ):
        after = shards_by_clips(changed)
        lost = {name for name in before if after.get(name) != before[name]}
        assert len(lost) <= 1, "grown, or halved"
        others = {s for name in lost for s in before[name]}
        assert together({name: after[name] for name in after.keys() - before.keys()}) <= others | {own}


def test_the_order_of_speakers_changes_no_shard():
    backwards = shards_by_clips(dict(reversed(MANY.items())))
    assert {name: sorted(own) for name, own in backwards.items()} == shards_by_clips(MANY)


def test_the_clips_that_are_used_decide(tmp_path):
    for speaker in ("anna", "ben", "cleo"):
        (tmp_path / speaker).mkdir()
        for number in range(8):
            (tmp_path / speaker / f"{number}.mp4").touch()
        (tmp_path / speaker / "0.txt").touch()
    corpus, limited = (
        Corpus(reader="folder", root=tmp_path, max_clips_per_speaker=limit) for limit in (None, 1)
    )
    names = list_speakers(corpus)
    assert shards(corpus, names, "auto") == {"anna": ["anna"], "shard-0": ["ben", "cleo"]}
    assert shards(limited, names, "auto") == {"shard": names}


def test_a_speaker_with_the_name_of_a_shard_is_refused():
    with pytest.raises(CorpusError, match=r"'shard-01'.*rename its folder"):
        shards_by_number(["shard-01", "anna"], 5)
