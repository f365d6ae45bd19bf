"""The split: disjoint, exact, deterministic, complete."""

from pathlib import Path

import pandas as pd
import pytest
from check_rows import check_row
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from talkface.artifacts.schemas import CHECKS, CLIPS, SPLIT, SUBSETS
from talkface.artifacts.tables import read_frame, write_table
from talkface.config import Split
from talkface.data.subsets import clip_lengths, picture_lengths
from talkface.jobs.split_clips import split_clips
from talkface.reporting.tables.corpus_summary import summarise_corpus
from talkface.reporting.tables.notes import split_sentence

WORDS = [{"start_s": 0.5, "end_s": 0.75, "word": "bin"}]


def tables(folder: Path, counts: dict[str, int], failed=(), mute=()) -> dict[str, list[Path]]:
    """The three tables of each speaker; ``failed`` and ``mute`` name clips without a face, without sound."""
    paths = {"clips": [], "checks": [], "sound_checks": []}
    for speaker, count in counts.items():
        clips = [f"{speaker}/u{number:04d}" for number in range(count)]
        rows = {"clips": [], "checks": [], "sound_checks": []}
        for clip in clips:
            utterance = clip.split("/")[1]
            rows["clips"].append(
                {"clip": clip, "speaker": speaker, "utterance": utterance, "path": f"{clip}.mpg",
                 "size_bytes": 1, "words": WORDS}
            )  # fmt: skip
            for name, flawed, reason in (("checks", failed, "no face"), ("sound_checks", mute, "no sound")):
                reason = reason if clip in flawed else ""
                rows[name].append(check_row(clip, ok=not reason, reason=reason))
        for name, schema in (("clips", CLIPS), ("checks", CHECKS), ("sound_checks", CHECKS)):
            path = folder / f"{speaker}.{name}.parquet"
            write_table(path, schema, rows[name])
            paths[name].append(path)
    return paths


def split(folder: Path, paths: dict[str, list[Path]], settings: Split) -> pd.DataFrame:
    split_clips(**paths, split=settings, split_table=folder / "split.parquet")
    return read_frame(folder / "split.parquet", SPLIT)


def test_subsets_are_disjoint_and_complete(tmp_path):
    counts = {"s1": 40, "s2": 25, "s3": 7, "s4": 0, "s5": 3}
    rows = split(tmp_path, tables(tmp_path, counts), Split(unseen=["s3", "s5"], held_back=0.1))
    assert set(rows["subset"]) <= set(SUBSETS)
    assert len(rows) == rows["clip"].nunique() == sum(counts.values())
    speakers = rows.groupby("subset")["speaker"].agg(set)
    assert speakers["train"] == speakers["seen_test"] == {"s1", "s2"}
    assert speakers["unseen_test"] == {"s3", "s5"}
    clips = [set(group["clip"]) for _, group in rows.groupby("subset")]
    assert len(clips) == 3 and sum(map(len, clips)) == len(set.union(*clips))
    held_back = rows[rows["subset"] == "seen_test"].groupby("speaker").size()
    assert held_back.to_dict() == {"s1": 4, "s2": 3}
    assert rows["ok"].all() and (rows["reason"] == "").all()
    assert rows["num_frames"].eq(75).all() and rows["words"].str.len().eq(1).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.floats(0, 1), st.integers(0, 5))
def test_the_held_back_share_is_exact(tmp_path_factory, count, share, seed):
    assume(int(share * count + 0.5) < count)  # else nothing is left to train on
    folder = tmp_path_factory.mktemp("share")
    rows = split(
        folder, tables(folder, {"s1": count, "s2": 1}), Split(unseen=["s2"], held_back=share, seed=seed)
    )
    held_back = int((rows["subset"] == "seen_test").sum())
    assert abs(held_back - share * count) <= 0.5 or (held_back == 1 and share * count < 0.5)
    assert held_back >= (count >= 2 and share > 0)


def test_the_choice_depends_on_seed_and_name_alone(tmp_path):
    def held_back(counts, seed=0, **flaws):
        rows = split(
            tmp_path, tables(tmp_path, counts, **flaws), Split(unseen=["s9"], held_back=0.2, seed=seed)
        )
        return set(rows["clip"][(rows["subset"] == "seen_test") & (rows["speaker"] == "s1")])

    first = held_back({"s1": 50, "s9": 1})
    assert first == held_back({"s9": 1, "s2": 30, "s1": 50})
    assert first != held_back({"s1": 50, "s9": 1}, seed=1)
    trained = sorted({f"s1/u{number:04d}" for number in range(50)} - first)[0]
    assert first == held_back({"s1": 50, "s9": 1}, failed=[trained])


def test_a_failed_clip_is_unused_with_every_reason_and_holds_no_place(tmp_path):
    paths = tables(
        tmp_path,
        {"s1": 10, "s2": 2},
        failed=["s1/u0000", "s1/u0001", "s2/u0000"],
        mute=["s1/u0001", "s1/u0002"],
    )
    rows = split(tmp_path, paths, Split(unseen=["s2"], held_back=0.29)).set_index("clip")
    unused = rows[rows["subset"] == "unused"]
    assert unused["reason"].to_dict() == {
        "s1/u0000": "no face", "s1/u0001": "no face; no sound", "s1/u0002": "no sound", "s2/u0000": "no face",
    }  # fmt: skip
    assert not unused["ok"].any() and rows.drop(unused.index)["ok"].all()
    assert (rows["subset"] == "seen_test").sum() == 2  # of the seven that remain
    assert rows.loc["s2/u0001", "subset"] == "unseen_test"


def test_speakers_without_a_role_are_unused(tmp_path):
    paths = tables(tmp_path, {"s1": 5, "s2": 5, "s3": 5})
    rows = split(tmp_path, paths, Split(seen=["s1"], unseen=["s2"], held_back=0.2))
    bystanders = rows[rows["speaker"] == "s3"]
    assert (bystanders["subset"] == "unused").all() and bystanders["ok"].all()
    assert set(bystanders["reason"]) == {"speaker not in this split"}


@pytest.mark.parametrize("seen", [["s1"], None])
def test_of_some_speakers_the_appearance_alone_is_learned(tmp_path, seen):
    failed = {"failed": ["s3/u0001"], "mute": ["s3/u0000"]}  # their sound does not count
    paths = tables(tmp_path, {"s1": 5, "s2": 5, "s3": 2}, **failed)
    rows = split(tmp_path, paths, Split(seen=seen, unseen=["s2"], appearance=["s3"], held_back=0.2))
    of = {speaker: group["subset"].value_counts().to_dict() for speaker, group in rows.groupby("speaker")}
    assert of == {
        "s1": {"train": 4, "seen_test": 1}, "s2": {"unseen_test": 5}, "s3": {"appearance": 1, "unused": 1},
    }  # fmt: skip
    plain, pictured = clip_lengths(tmp_path / "split.parquet", "train"), tmp_path / "split.parquet"
    assert picture_lengths(pictured) == plain | {"s3/u0000": 75} and len(plain) == 4
    summary = summarise_corpus(rows, [read_frame(path, CHECKS) for path in paths["checks"]])
    assert summary.set_index("speaker")["appearance"].to_dict() == {"s1": 0, "s2": 0, "s3": 1, "all": 1}
    sentence = split_sentence("own", Split(unseen=["s2"], appearance=["s3"]), rows)
    assert "pictures alone of s3 (1 clip, 75 frames)" in sentence


def test_an_appearance_of_which_nothing_can_be_used_is_refused(tmp_path):
    paths = tables(tmp_path, {"s1": 5, "s3": 1}, failed=["s3/u0000"])
    with pytest.raises(ValueError, match=r"no clip of speaker 's3' .*\(no face\): take them out"):
        split(tmp_path, paths, Split(unseen=[], appearance=["s3"]))


def refusal(folder: Path, counts: dict[str, int], settings: Split, **flaws) -> str:
    with pytest.raises(ValueError, match="subset") as caught:
        split(folder, tables(folder, counts, **flaws), settings)
    assert not (folder / "split.parquet").exists()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("counts", "settings", "flaws", "said"),
    [
        ({"s1": 1, "s2": 1}, Split(unseen=[]), {},
         "seen speakers: 2, their clips: 2, failed: 0; what is left is for training: a clip is held"),
        ({"s1": 3}, Split(unseen=[]), {"failed": ["s1/u0000"], "mute": ["s1/u0001"]},
         "seen speakers: 1, their clips: 3, failed: 2 (1 x no face, 1 x no sound); what is left"),
        ({"s1": 5}, Split(unseen=[], held_back=0), {}, "set the split's held_back above 0, or name a"),
    ],
)  # fmt: skip
def test_nothing_to_test_on_is_told_before_any_training(tmp_path, counts, settings, flaws, said):
    message = refusal(tmp_path, counts, settings, **flaws)
    assert message.startswith("no clip to test on (subsets seen_test and unseen_test)") and said in message


@pytest.mark.parametrize(
    ("counts", "settings", "flaws", "said"),
    [
        ({"s1": 2, "s2": 1}, Split(unseen=["s2"]), {"failed": ["s1/u0000", "s1/u0001"]},
         "seen speakers: 1, their clips: 2, failed: 2 (2 x no face); replace or convert"),
        ({"s1": 2, "s2": 2}, Split(unseen=[]),
         {"failed": ["s1/u0000", "s1/u0001", "s2/u0000"], "mute": ["s1/u0000", "s2/u0001"]},
         "clips: 4, failed: 4 (2 x no face, 1 x no face; no sound, 1 x no sound)"),
        ({"s1": 1, "s2": 1}, Split(unseen=["s1", "s2"]), {}, "name fewer speakers in the split's unseen"),
        ({"s1": 1, "s2": 3}, Split(unseen=["s2"], held_back=0.5), {}, "lower the split's held_back (0.5)"),
        ({"s1": 3, "s2": 1}, Split(unseen=["s2"], appearance=["s1"]), {}, "seen speakers: 0"),
        ({"s1": 0}, Split(unseen=[]), {}, "seen speakers: 0, their clips: 0"),
    ],
)  # fmt: skip
def test_nothing_to_train_on_is_told_before_any_training(tmp_path, counts, settings, flaws, said):
    message = refusal(tmp_path, counts, settings, **flaws)
    assert message.startswith("no clip to train on (subset train)") and said in message


def test_unseen_speakers_without_a_usable_clip_are_told_before_any_training(tmp_path):
    flaws = {"failed": ["s2/u0000", "s3/u0000"], "mute": ["s3/u0001"]}
    message = refusal(tmp_path, {"s1": 5, "s2": 1, "s3": 2}, Split(unseen=["s2", "s3"]), **flaws)
    assert "(subset unseen_test): unseen speakers: 2, their clips: 3, failed: 3 (2 x no face" in message
    assert "take these out of the split's unseen" in message


@pytest.mark.parametrize(
    ("counts", "settings", "subsets", "warned"),
    [
        ({"s1": 1, "s2": 1}, Split(unseen=["s2"]), {"train", "unseen_test"}, "no clip of a seen speaker"),
        ({"s1": 2}, Split(unseen=[]), {"train", "seen_test"}, ""),
        ({"s1": 2, "s2": 2}, Split(unseen=["s2"], held_back=0), {"train", "unseen_test"}, ""),
        ({"s1": 9, "s2": 1, "s3": 1}, Split(unseen=["s2", "s3"]),
         {"train", "seen_test", "unseen_test", "unused"}, "unseen speaker s3 has no usable clip"),
    ],
)  # fmt: skip
def test_a_subset_that_is_not_needed_may_be_empty(tmp_path, caplog, counts, settings, subsets, warned):
    rows = split(tmp_path, tables(tmp_path, counts, failed=["s3/u0000"]), settings)
    assert set(rows["subset"]) == subsets
    assert len(caplog.records) == bool(warned) and warned in caplog.text


def test_speakers_without_clips_are_named(tmp_path):
    paths = tables(tmp_path, {"s1": 5, "s2": 0})
    with pytest.raises(ValueError, match="'s2'"):
        split(tmp_path, paths, Split(unseen=["s2"]))
    with pytest.raises(ValueError, match="'s6'"):
        split(tmp_path, paths, Split(unseen=[], appearance=["s6"]))
    with pytest.raises(ValueError, match="'s7'"):
        split(tmp_path, paths, Split(unseen=[], seen=["s1", "s7"]))
    assert not (tmp_path / "split.parquet").exists()


def test_tables_of_different_runs_are_refused(tmp_path):
    paths = tables(tmp_path, {"s1": 3, "s2": 3})
    with pytest.raises(ValueError, match=r"sound_checks .*s2/u0000"):
        split(tmp_path, paths | {"sound_checks": paths["sound_checks"][:1]}, Split(unseen=["s2"]))


def test_reservations_of_picture_and_sound_are_kept_and_counted(tmp_path):
    paths = tables(tmp_path, {"s1": 4})
    for name, doubts in (("checks", ["dark", "", "soft; dark", ""]), ("sound_checks", ["quiet", "", "", ""])):
        rows = [check_row(f"s1/u{n:04d}", doubts=doubt) for n, doubt in enumerate(doubts)]
        write_table(paths[name][0], CHECKS, rows)
    split_clips(**paths, split=Split(unseen=[], held_back=0.25), split_table=tmp_path / "split.parquet")
    split = read_frame(tmp_path / "split.parquet", SPLIT)
    assert split["doubts"].tolist() == ["dark; quiet", "", "soft; dark", ""]
    summary = summarise_corpus(split, [read_frame(paths["checks"][0], CHECKS)])
    assert summary.iloc[-1]["doubts"] == "2 x dark; 1 x quiet; 1 x soft"
