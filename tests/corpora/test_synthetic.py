import hashlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from talkface.artifacts.schemas import AU_TRUTH
from talkface.artifacts.tables import ClipTable, read_frame
from talkface.config import Corpus, Faces, Synthetic
from talkface.corpora.synthetic.corpus import (
    SIGNATURE,
    SyntheticError,
    draw_clip,
    make_clip,
    make_speaker,
    prepare_folder,
    sentences_of,
    truth_rows,
)
from talkface.corpora.synthetic.face import Pose, draw_face, lip_gap_px, mouth_width_px
from talkface.corpora.synthetic.mouth import shape_mouth
from talkface.corpora.synthetic.phonemes import PHONEMES, PRONUNCIATIONS
from talkface.corpora.synthetic.read_sentences import choose_read_sentences
from talkface.corpora.synthetic.sentences import GRAMMAR, choose_sentences, parse_name
from talkface.corpora.synthetic.speaker_look import make_identity
from talkface.corpora.synthetic.speech import release_s
from talkface.features.faces import FaceMesh
from talkface.jobs.generate_corpus import generate_corpus
from talkface.media.probe import probe
from talkface.media.video import read_frames

SPEAKERS = range(1, 7)
NUM_FRAMES, SOUND_RATE = 75, 44_100  # of a clip in GRID's layout
REST = [0.0] * 5


def only(unit: int, intensity: float = 5.0) -> list[float]:
    return [intensity if index == unit else 0.0 for index in range(5)]


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Corpus:
    root = tmp_path_factory.mktemp("demo") / "corpus"
    return Corpus(root=root, synthetic=Synthetic(speakers=6, clips_per_speaker=2, seed=3))


@pytest.fixture(scope="module")
def truth(plan) -> Path:
    path = plan.root / "truth" / "s2.parquet"
    generate_corpus(corpus=plan, speakers=["s2"], truth=path)
    return path


@pytest.fixture(scope="module")
def clips():
    """Every speaker's first clips, not drawn."""
    speakers = [make_speaker(0, number) for number in SPEAKERS]
    return [(who, make_clip(who, sentence)) for who in speakers for sentence in sentences_of(who, 12)[:4]]


# --- sentences ---------------------------------------------------------------------------------------------


def test_sentences_follow_the_grammar_and_their_names_tell_them():
    sentences = choose_sentences(50, np.random.default_rng(0))
    assert len({sentence.name for sentence in sentences}) == 50
    for sentence in sentences:
        assert all(word in choices for word, choices in zip(sentence.words, GRAMMAR, strict=True))
        assert parse_name(sentence.name) == sentence
        assert sentence.name[3] != "w"
    assert parse_name("bbaf2n").words == ("bin", "blue", "at", "f", "two", "now")
    assert parse_name("swizzs").words == ("set", "white", "in", "z", "zero", "soon")


def test_every_letter_and_digit_is_heard_before_one_comes_twice():
    sentences = choose_sentences(25, np.random.default_rng(1))
    assert sorted(sentence.words[3] for sentence in sentences) == sorted(GRAMMAR[3])
    assert {sentence.words[4] for sentence in sentences} == set(GRAMMAR[4])


@pytest.mark.parametrize("name", ["bbaw2n", "bba02n", "xbaf2n", "bbaf2"])
def test_names_outside_the_grammar_are_refused(name):
    with pytest.raises(ValueError, match=name):
        parse_name(name)


def test_every_word_can_be_pronounced_and_every_phoneme_is_used():
    words = set(itertools.chain(*GRAMMAR))
    assert words <= set(PRONUNCIATIONS)
    assert {name for word in words for name in PRONUNCIATIONS[word]} == set(PHONEMES)


def test_read_sentences_vary_in_length_and_can_be_pronounced():
    sentences = choose_read_sentences(60, np.random.default_rng(2))
    assert [sentence.name for sentence in sentences[:2]] == ["sa1", "sa2"]
    assert len({sentence.name for sentence in sentences}) == len({s.words for s in sentences}) == 60
    assert {len(sentence.words) for sentence in sentences} >= {6, 8, 10}
    spoken = [PRONUNCIATIONS[word] for sentence in sentences for word in sentence.words]
    assert set(itertools.chain(*spoken)) <= set(PHONEMES)
    assert choose_read_sentences(1, np.random.default_rng(3)) == [sentences[0]]


# --- the written corpus ------------------------------------------------------------------------------------


def test_layout_is_grids(plan, truth):
    names = {path.stem for path in (plan.root / "s2").iterdir()}
    assert len(names) == 2
    assert {path.name for path in (plan.root / "alignments" / "s2").iterdir()} == {
        f"{n}.align" for n in names
    }
    for name in names:
        clip = plan.root / "s2" / f"{name}.mpg"
        info = probe(clip)
        assert (info.width, info.height, info.fps, info.has_audio) == (360, 288, 25, True)
        frames = list(read_frames(clip))
        assert 74 <= len(frames) <= 75
        assert frames[0].shape == (288, 360, 3)


def test_alignments_are_valid_and_inside_the_clip(plan, truth):
    for path in (plan.root / "alignments" / "s2").iterdir():
        rows = [line.split() for line in path.read_text().splitlines()]
        assert tuple(word for _, _, word in rows) == ("sil", *parse_name(path.stem).words, "sil")
        times = [(int(start), int(end)) for start, end, _ in rows]
        assert times[0][0] == 0
        assert times[-1][1] <= NUM_FRAMES * 1000
        assert all(start < end for start, end in times)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(times))


def test_truth_has_a_row_per_frame_and_is_what_was_drawn(plan, truth):
    table = ClipTable(truth, AU_TRUTH)
    assert sorted(table.clips) == sorted(f"s2/{path.stem}" for path in (plan.root / "s2").iterdir())
    frame = read_frame(truth, AU_TRUTH)
    aus = np.stack(frame["aus"])
    assert len(frame) == 2 * NUM_FRAMES
    assert aus.min() >= 0
    assert aus.max() <= 5
    assert frame["lip_gap"].between(0, 25).all()
    assert frame["lip_gap"].max() > 6
    assert frame["mouth_width"].between(20, 70).all()


def test_the_same_plan_gives_the_same_bytes(plan, truth, tmp_path):
    again = plan.model_copy(update={"root": tmp_path / "again"})
    generate_corpus(corpus=again, speakers=["s2"], truth=tmp_path / "s2.parquet")
    first, second = contents(plan.root / "s2"), contents(again.root / "s2")
    assert first == second
    assert contents(plan.root / "alignments") == contents(again.root / "alignments")
    assert read_frame(truth, AU_TRUTH).equals(read_frame(tmp_path / "s2.parquet", AU_TRUTH))


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_clips_of_an_earlier_plan_are_removed_but_never_foreign_files(plan, truth, tmp_path):
    root = tmp_path / "corpus"
    (root / "s1").mkdir(parents=True)
    (root / "s1" / "bbaf2n.mpg").write_bytes(b"a recording that somebody made")
    one = plan.model_copy(update={"root": root, "synthetic": Synthetic(speakers=2, clips_per_speaker=1)})
    with pytest.raises(SyntheticError, match="did not make"):
        generate_corpus(corpus=one, speakers=["s1"], truth=tmp_path / "s1.parquet")
    assert (root / "s1" / "bbaf2n.mpg").is_file()
    assert not (tmp_path / "s1.parquet").exists()
    (root / SIGNATURE).write_text("talkface made this folder")
    generate_corpus(corpus=one, speakers=["s1"], truth=tmp_path / "s1.parquet")
    kept = [path.stem for path in (root / "s1").glob("*.mpg")]
    assert kept == [clip.split("/")[1] for clip in ClipTable(tmp_path / "s1.parquet", AU_TRUTH).clips]


def test_speakers_begin_beside_one_another(plan, tmp_path):
    speakers = [make_speaker(0, number, plan.synthetic.layout) for number in range(1, 5)]
    with ThreadPoolExecutor(len(speakers)) as pool:
        for attempt in range(50):
            root = tmp_path / str(attempt)
            list(pool.map(lambda speaker, root=root: prepare_folder(root, speaker, ["a"]), speakers))
            assert [path.name for path in root.iterdir() if path.is_file()] == [SIGNATURE]


@pytest.mark.parametrize("speaker", ["s0", "s7", "Anna"])
def test_unknown_speakers_are_refused(plan, speaker, tmp_path):
    with pytest.raises(SyntheticError, match=speaker):
        generate_corpus(corpus=plan, speakers=[speaker], truth=tmp_path / "x.parquet")


# --- movement ----------------------------------------------------------------------------------------------


def test_a_clip_follows_from_seed_speaker_and_sentence_alone():
    sentence = parse_name("lrbqzp")
    first, again = (make_clip(make_speaker(0, 1), sentence) for _ in range(2))
    assert np.array_equal(first.samples, again.samples)
    assert np.array_equal(first.performance.aus, again.performance.aus)
    for seed, speaker in ((1, 1), (0, 2)):
        other = make_clip(make_speaker(seed, speaker), sentence)
        assert not np.array_equal(first.samples, other.samples)
        assert not np.array_equal(first.performance.aus, other.performance.aus)


def test_no_unit_follows_from_the_others(clips):
    targets = np.array([phoneme.aus for phoneme in PHONEMES.values()])
    spread = np.linalg.svd(targets - targets.mean(axis=0), compute_uv=False)
    assert spread[-1] > 0.2 * spread[0]
    aus = np.concatenate([clip.performance.aus for _, clip in clips])
    for unit in range(5):
        others = np.column_stack([np.delete(aus, unit, axis=1), np.ones(len(aus))])
        rest = aus[:, unit] - others @ np.linalg.lstsq(others, aus[:, unit], rcond=None)[0]
        assert rest.var() > 0.15 * aus[:, unit].var(), f"unit {unit} is a mixture of the others"
        assert 0.1 < (aus[:, unit] > 1).mean() < 0.8, f"unit {unit} is hardly ever, or always, there"


def test_lips_are_shut_when_p_b_and_m_are_held_and_open_in_open_vowels(clips):
    held, wide = [], []
    for who, clip in clips:
        gaps = np.array([row["lip_gap"] for row in truth_rows(who, clip)])
        for segment in clip.score.segments:
            if segment.phoneme.lips_shut:
                opens_s = release_s(segment) if segment.phoneme.burst else segment.end_s
                held.append(np.interp((segment.start_s + opens_s) / 2 * 25 - 0.5, range(NUM_FRAMES), gaps))
            if segment.name in ("AA", "AE"):
                wide.append(
                    np.interp((segment.start_s + segment.end_s) / 2 * 25 - 0.5, range(NUM_FRAMES), gaps)
                )
    assert len(held) > 10
    assert len(wide) > 10
    assert np.median(held) < 1.0
    assert np.median(wide) > 6.0


def test_sound_is_loud_in_the_words_and_quiet_around_them(clips):
    for _, clip in clips[::4]:
        words = clip.score.words
        begin, end = (round(time * SOUND_RATE) for time in (words[1].start_s, words[-2].end_s))
        inside = np.sqrt((clip.samples[begin:end] ** 2).mean())
        outside = np.sqrt((clip.samples[: begin - SOUND_RATE // 20] ** 2).mean())
        assert inside > 30 * outside
        assert np.abs(clip.samples).max() <= 0.61


def test_vowels_have_the_formants_of_their_table(clips):
    """The strongest part of the spectrum near F1 moves with the vowel: low in IY, UW, high in AA, AE."""
    found = {"low": [], "high": []}
    for who, clip in clips:
        for segment in clip.score.segments:
            kind = {"IY": "low", "UW": "low", "AA": "high", "AE": "high"}.get(segment.name)
            if kind is None:
                continue
            middle = round((segment.start_s + segment.end_s) / 2 * SOUND_RATE)
            piece = clip.samples[middle - 1024 : middle + 1024] * np.hanning(2048)
            power = np.abs(np.fft.rfft(piece)) ** 2
            hz = np.fft.rfftfreq(2048, 1 / SOUND_RATE) / who.voice.tract
            low, high = (power[(hz > a) & (hz < b)].sum() for a, b in ((180, 450), (550, 900)))
            found[kind].append(np.log(high / low))
    assert min(len(values) for values in found.values()) > 10
    assert np.median(found["high"]) > np.median(found["low"]) + 2


# --- drawing -----------------------------------------------------------------------------------------------


def test_each_unit_moves_its_own_part_of_the_mouth():
    identity = make_identity(0, 1)
    rest = shape_mouth(identity, REST)
    lifted, dimpled, stretched, parted, dropped = (shape_mouth(identity, only(unit)) for unit in range(5))
    middle = len(rest.x) // 2
    assert lifted.outer_up[middle] < rest.outer_up[middle] - 3
    assert dimpled.inner_up[0] < rest.inner_up[0] - 2
    assert stretched.width_mm > rest.width_mm + 8
    assert parted.gap_mm > rest.gap_mm + 5
    assert parted.jaw_drop < 2
    assert dropped.jaw_drop > 10
    assert shape_mouth(identity, REST, pucker=1).width_mm < rest.width_mm - 8


def test_speakers_look_different():
    faces = [draw_face(make_identity(0, number), REST)[90:250, 110:250].astype(float) for number in SPEAKERS]
    for one, other in itertools.combinations(faces, 2):
        assert np.abs(one - other).mean() > 10
    assert np.array_equal(draw_face(make_identity(0, 1), REST), draw_face(make_identity(0, 1), REST))


def test_blinks_and_poses_are_drawn():
    identity = make_identity(0, 2)
    rest = draw_face(identity, REST).astype(int)
    shut = np.abs(draw_face(identity, REST, blink=1.0) - rest).max(axis=2)
    rows = np.nonzero(shut.max(axis=1) > 20)[0]
    assert rows.min() > 105
    assert rows.max() < 140  # nothing but the eyes
    moved = draw_face(identity, REST, Pose(x_px=6, y_px=-4)).astype(int)
    assert np.abs(moved[90:200, 130:230] - rest[94:204, 124:224]).mean() < 4


def test_mediapipe_sees_the_mouth_that_was_drawn():
    """Found in every frame; inner-lip gap and mouth width correlate with what was drawn (issue: >= 0.95)."""
    gaps, widths, missed = [], [], 0
    with FaceMesh(Faces()) as mesh:
        for number in SPEAKERS:
            who = make_speaker(0, number)
            clip = make_clip(who, sentences_of(who, 12)[0])
            frames = range(12, 66, 6)
            for frame, picture in zip(frames, draw_clip(who, clip, frames), strict=True):
                pose = clip.performance.poses[frame]
                mesh.reset()
                points = mesh.detect(picture)
                if points is None:
                    missed += 1
                    continue
                points = points[:, :2]
                mouth = shape_mouth(
                    who.identity, clip.performance.aus[frame], float(clip.performance.pucker[frame])
                )
                gaps.append((lip_gap_px(mouth, pose), np.linalg.norm(points[13] - points[14])))
                widths.append((mouth_width_px(mouth, pose), np.linalg.norm(points[61] - points[291])))
    assert missed == 0
    assert len(gaps) == 54
    assert np.corrcoef(np.array(gaps).T)[0, 1] > 0.95
    assert np.corrcoef(np.array(widths).T)[0, 1] > 0.9
