"""Reporting: what the tables say, how they are spelt, and that figures keep their bytes."""

import csv
import json
import subprocess
import sys

import pandas as pd
import pytest
from finished_report import FIGURES, plot, tabulate
from latex import assert_whole_latex, compile_latex
from report_inputs import METHODS, TYPICAL, Experiment

from talkface.artifacts.schemas import AU_NAMES, SCORES, SPLIT
from talkface.artifacts.tables import read_frame, read_table, write_table
from talkface.config import AuLabels, Corpus
from talkface.evaluation.runs import LayoutError, ordered, run_of, trained_run
from talkface.features.aus import PROXY_AUS
from talkface.metrics.catalogue import all_metrics, further_tables
from talkface.reporting.figures.contact_sheet import moments, word_at
from talkface.reporting.tables.aggregate import ScoresError, read_scores, summarise
from talkface.reporting.tables.columns import MISSING, number
from talkface.reporting.tables.marks import mark_rows
from talkface.reporting.tables.published import NOT_PUBLIC
from talkface.reporting.tables.side_tables import further_table, further_views
from talkface.reporting.tables.views import Block, Group, TableView, latex, to_latex, to_markdown


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


# --- the main table ---


def test_csv_holds_a_row_per_method_and_subset_and_the_papers_rows(finished):
    rows = rows_of(finished.root / "tables/main_results.csv")
    measured = [row for row in rows if row["kind"] != "published"]
    assert [row["method"] for row in measured] == [*METHODS, *METHODS]
    assert [row["subset"] for row in measured] == ["seen_test"] * 6 + ["unseen_test"] * 6
    assert {(row["subset"], row["clips"], row["speakers"]) for row in measured} == {
        ("seen_test", "5", "2"),
        ("unseen_test", "1", "1"),
    }
    assert {row["demo"] for row in rows} == {"True"}
    papers = [row for row in rows if row["kind"] == "published"]
    assert {"b_full", "cran", "fusion_tcsan", "ablation_perceptual"} <= {row["method"] for row in papers}
    assert all(row["psnr_db"] == "" and row["published_labeller"] == "OpenFace 2" for row in papers)
    ours = next(row for row in measured if row["method"] == "ours" and row["subset"] == "unseen_test")
    assert ours["published_grid_psnr"] == NOT_PUBLIC and "10.1145/3672565" in ours["published_source"]
    assert "6 test speakers" in ours["published_grid_split"]


def test_values_are_brought_together_as_announced(finished):
    summary = summarise(read_scores(finished.scores), {}).set_index(["subset", "method"])
    ours = summary.loc[("seen_test", "ours")]
    assert ours["psnr_db"] == pytest.approx(TYPICAL["ours"][0], rel=0.02)
    assert ours["detection_percent"] == pytest.approx(96)
    # 5 clips x 4 AUs of tp 8, fp 2, fn 3; AU14 has no positive and is left out of F1, not of accuracy.
    assert ours["au_f1"] == pytest.approx(16 / 21) and ours["au_left_out"] == "AU14"
    assert ours["au_accuracy_percent"] == pytest.approx((4 * 80 + 100) / 5)
    static = summary.loc[("seen_test", "static")]
    assert pd.isna(static["lip_correlation_words"]) and static["lip_correlation_words_undefined"] == 5


def test_lip_correlation_is_the_median_over_clips_and_psnr_the_mean(tmp_path):
    path = tmp_path / "scores/ours/seed-0/one_shot/lips.parquet"
    values = {"lip_correlation_words": (0.9, 0.8, -0.5), "psnr": (30.0, 31.0, 35.0)}
    write_table(
        path,
        SCORES,
        [
            {
                "clip": f"s1/u{n}",
                "speaker": "s1",
                "subset": "seen_test",
                "metric": name,
                "value": value,
                "weight": 75.0,
            }
            for name, row in values.items()
            for n, value in enumerate(row)
        ],
    )
    row = summarise(read_scores([path]), {}).iloc[0]
    assert (row["lip_correlation_words"], row["psnr_db"]) == (0.8, 32.0)


def test_seeds_are_averaged_with_their_deviation(finished, tmp_path):
    second = tmp_path / "scores/ours/seed-1/one_shot/pixels.parquet"
    first = next(path for path in finished.scores if "/ours/" in str(path) and path.stem == "pixels")
    frame = read_frame(first, SCORES)
    write_table(second, SCORES, frame.assign(value=frame["value"] + 2))
    row = summarise(read_scores([first, second]), {}).set_index("subset").loc["unseen_test"]
    lone = summarise(read_scores([first]), {}).set_index("subset").loc["unseen_test"]
    assert row["psnr_db"] == pytest.approx(lone["psnr_db"] + 1)
    assert row["psnr_db_sd"] == pytest.approx(2**0.5) and pd.isna(lone["psnr_db_sd"])
    assert (row["seeds"], row["clips"]) == (2, 1)


def test_markdown_says_what_a_reader_must_know(finished):
    text = (finished.root / "tables/main_results.md").read_text(encoding="utf-8")
    assert text.startswith("# Main results: test on tiny (demo: not a result)")
    assert "Published: GRID, AU labels OpenFace 2, 27 train / 6 test speakers, ids unpublished" in text
    assert NOT_PUBLIC in text and "0.762 (4 of 5)" in text and "AU14 without a positive" in text
    assert "s5 †" in text and "s1 †" not in text  # one clip carries s5
    assert "1 % of the paper's schedule of 1,200,000" in text  # 12,000 frames seen
    assert "unseen speakers s5 (1 clip, 25 frames)" in text
    for line in text.splitlines():
        assert line.count("|") in (0, *range(3, 25))
    still = next(line for line in text.splitlines() if line.startswith("| Static"))
    assert still.split("|")[10].strip() == MISSING


@pytest.mark.parametrize("silent", [1, 2, 6])
def test_clips_without_a_transcript_are_counted_in_the_notes(tmp_path, silent):
    """Of six measured clips so many have no words; a clip that is not measured does not count."""
    made = Experiment(tmp_path).write()
    tabulate(made)
    page = made.root / "tables/main_results.md"
    assert "whole clip stands" not in page.read_text(encoding="utf-8")  # where all have words nothing is said
    table = read_table(made.split, SPLIT)
    measured = sorted(read_scores(made.scores)["clip"].unique())
    assert len(measured) == 6 and table.num_rows > 6
    wordless = {*measured[:silent], *(set(table["clip"].to_pylist()) - set(measured))}
    rows = [row | ({"words": []} if row["clip"] in wordless else {}) for row in table.to_pylist()]
    write_table(made.split, SPLIT, rows)
    tabulate(made)
    text = page.read_text(encoding="utf-8")
    assert f"{silent} of 6 measured clips without one: there the whole clip stands" in text
    assert f"Over the whole clip in {silent} clip{'s' if silent > 1 else ''} without a transcript." in text


def test_ours_and_published_never_share_a_column(finished):
    content = json.loads((finished.root / "tables/main_results.json").read_text())
    for view in map(TableView.from_json, content["views"]):
        for panel in view.panels():
            owners = [group.published for group in panel.groups for _ in range(group.span)]
            for header, published in zip(panel.headers[1:], owners[1:], strict=bool(owners)):
                assert published == (header.endswith("(publ.)") or view.key == "published_aus")
    blocks = {block["title"]: block["rows"] for block in content["views"][0]["blocks"]}
    for row in blocks["Published, not run here"]:
        assert set(row[1:14]) == {""} and "" not in row[14:]


def test_lips_by_speaker_and_aus_by_unit(finished):
    lips = rows_of(finished.root / "tables/lips_by_speaker.csv")
    own = next(row for row in lips if (row["speaker"], row["method"]) == ("s5", "ours"))
    assert (own["clips"], float(own["lip_correlation_words"])) == ("1", 0.74)
    units = rows_of(finished.root / "tables/aus_by_unit.csv")
    assert {row["au"] for row in units} == set(AU_NAMES) and len(units) == 5 * 6 * 2
    assert all(row["f1"] == "" for row in units if row["au"] == "AU14")


def test_measures_that_metrics_declare_have_tables_of_their_own(tmp_path):
    values = {
        "jitter_ratio": (0.5, 0.7, 9.0),
        "photo_psnr_first": (30.0, 31.0, None),
        "psnr": (20.0, 21.0, 22.0),
    }
    for seed, shift in (("0", 0.0), ("1", 1.0)):
        rows = [
            {
                "clip": f"s1/u{n}", "speaker": "s1", "subset": "unseen_test", "metric": name,
                "value": None if value is None else value + shift, "weight": 25.0,
            }
            for name, row in values.items()
            for n, value in enumerate(row)
        ]  # fmt: skip
        write_table(tmp_path / f"scores/ours/seed-{seed}/one_shot/all.parquet", SCORES, rows)
    further = further_tables(all_metrics())
    scores = read_scores(sorted(tmp_path.rglob("*.parquet")))
    summary = summarise(scores, further)
    views = further_views(summary, further, mark_rows(scores, (), further), " (demo)")
    view = next(view for view in views if "Jitter" in view.headers)
    assert view.title == "Person and stillness (demo)" and view.key == "person_and_stillness"
    [block], cells = view.blocks, dict(zip(view.headers, view.blocks[0].rows[0], strict=True))
    assert block.title.endswith("3 clips, 1 speaker") and cells["Method"] == "Ours"
    assert cells["Jitter"] == "1.20 \N{PLUS-MINUS SIGN} 0.71"  # the median over clips, the mean over seeds
    assert cells["PSNR to photo dB, first s"].startswith("31.00") and cells["Lip corr. loudness"] == MISSING
    assert "PSNR dB" not in view.headers
    table = further_table(summary, further, {"corpus": "tiny"})
    assert table.loc[0, ["corpus", "method", "kind", "seeds"]].tolist() == ["tiny", "ours", "variant", 2]
    assert table.loc[0, "jitter_ratio"] == pytest.approx(1.2) and "jitter_ratio_sd" in table


def test_proxies_are_marked_in_every_table_of_aus(finished):
    changes = {"aus": AuLabels(backend="blendshapes"), "landmarker_sha256": "ab" * 32}
    tables = tabulate(finished, "with_proxies", **changes)
    marked = {row["au"] for row in rows_of(tables / "aus_by_unit.csv") if row["proxy"] == "True"}
    assert marked == PROXY_AUS["blendshapes"] and "AU25" in marked
    text = (tables / "main_results.md").read_text()
    assert "AU25 (proxy) F1" in text and "AU20 F1" in text
    assert "MediaPipe blendshapes abababababab" in text


def test_without_the_demo_flag_nothing_says_demo(finished):
    tables = tabulate(finished, "not_demo", corpus=Corpus(name="grid"))
    for path in tables.iterdir():
        assert "not a result" not in path.read_text(encoding="utf-8"), path.name


def test_score_tables_that_do_not_fit_are_refused(finished, tmp_path):
    with pytest.raises(ScoresError, match="no scores"):
        read_scores([])
    with pytest.raises(ScoresError, match="two values of"):
        read_scores([finished.scores[0], finished.scores[0]])
    path = tmp_path / "scores/ours/seed-0/one_shot/pixels.parquet"
    write_table(path, SCORES, read_frame(finished.scores[0], SCORES).assign(subset="train"))
    with pytest.raises(ScoresError, match=r"pixels\.parquet.*train"):
        read_scores([path])
    with pytest.raises(LayoutError, match="expected scores"):
        run_of(tmp_path / "pixels.parquet", "scores")
    with pytest.raises(LayoutError, match="expected train"):
        trained_run(tmp_path / "model/history.parquet")


def test_methods_come_in_the_order_of_the_tables():
    shuffled = [
        "ours_other_sound",
        "wide",
        "static",
        "ours",
        "ground_truth",
        "mean_mouth",
        "wide_other_sound",
    ]
    assert ordered(shuffled) == [
        "ground_truth",
        "static",
        "mean_mouth",
        "ours",
        "ours_other_sound",
        "wide",
        "wide_other_sound",
    ]


def test_numbers():
    assert [number(value, 2) for value in (None, float("nan"), 0.0, -0.001, 1.005)] == [
        "–",
        "–",
        "0.00",
        "0.00",
        "1.00",
    ]
    assert number(-0.5, 1) == "-0.5"


# --- spellings ---


def test_latex_is_escaped_and_whole(finished):
    text = (finished.root / "tables/main_results.tex").read_text(encoding="utf-8")
    assert_whole_latex(text)
    assert r"split 'by\_hand'" in text and "by_hand" not in text.replace(r"by\_hand", "")
    assert_whole_latex((finished.root / "tables/corpus_summary.tex").read_text(encoding="utf-8"))
    assert latex("50 % of s_1 & {x} ~^\\ é … –") == (
        r"50 \% of s\_1 \& \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{} é ? --"
    )


def test_latex_compiles(finished, tmp_path):
    compile_latex(
        [finished.root / f"tables/{name}.tex" for name in ("main_results", "corpus_summary")], tmp_path
    )


def test_markdown_cells_cannot_break_the_table():
    view = TableView("k", "t", (), ("Name", "x"), (Block("", (("a|b\n<i>", "1"),)),))
    assert r"| a\|b &lt;i> |" in to_markdown(view)


def test_panels_drop_empty_columns_and_keep_the_rest():
    groups = (Group("", 1), Group("ours", 2), Group("theirs", 1, published=True))
    blocks = (Block("here", (("m", "1", "2", ""),)), Block("there", (("p", "", "", "3"),)))
    view = TableView("k", "t", groups, ("Method", "a", "b", "c"), blocks, ("said",))
    here, there = view.panels()
    assert (here.headers, here.edges, here.published) == (("Method", "a", "b"), {1}, frozenset())
    assert (there.headers, there.blocks[0].rows, there.published) == (("Method", "c"), (("p", "3"),), {1})
    assert (here.notes, there.notes) == ((), ("said",))
    assert to_latex(view).count(r"\begin{tabular}") == 2


# --- corpus ---


def test_corpus_summary_counts_every_listed_clip(finished):
    rows = {row["speaker"]: row for row in rows_of(finished.root / "tables/corpus_summary.csv")}
    assert list(rows) == ["s1", "s2", "s5", "all"]
    assert (rows["s2"]["listed"], rows["s2"]["ok"], rows["s2"]["reasons"]) == ("3", "2", "1 x no sound")
    assert (rows["s1"]["bridged_frames"], rows["s1"]["train"], rows["s1"]["seen_test"]) == ("2", "1", "3")
    for row in rows.values():
        assert int(row["listed"]) == int(row["ok"]) + int(row["failed"])
        assert int(row["ok"]) == sum(
            int(row[part]) for part in ("train", "seen_test", "unseen_test", "unused")
        )
    assert rows["all"]["listed"] == "8"
    text = (finished.root / "tables/corpus_summary.md").read_text(encoding="utf-8")
    assert text.count("what became of every clip") == 1 and "demo: not a result" in text


# --- figures ---


@pytest.mark.slow
def test_figures_have_the_same_bytes_when_drawn_again(finished, tmp_path):
    plot(finished, tmp_path)
    for name in FIGURES:
        content = (finished.root / f"figures/{name}.svg").read_bytes()
        assert content.startswith(b"<?xml") and len(content) > 5000
        assert (tmp_path / f"{name}.svg").read_bytes() == content, name
        assert b"<dc:date>" not in content


def test_moments_lie_within_the_words():
    words = [(0.4, 0.6, "bin"), (0.6, 1.0, "blue")]
    frames = moments(75, words, 4)
    assert frames[0] == 10 and frames[-1] == 24 and frames == sorted(frames)
    assert [word_at(frame, words) for frame in (9, 10, 15, 24, 25)] == ["", "bin", "blue", "blue", ""]
    assert moments(75, [], 3) == [0, 37, 74]
    assert moments(5, [(2.0, 3.0, "late")], 2) == [4, 4]


def test_reporting_imports_no_torch():
    code = (
        "import importlib, pkgutil, sys, talkface.reporting as package\n"
        "names = [m.name for m in pkgutil.walk_packages(package.__path__, 'talkface.reporting.')]\n"
        "for name in names: importlib.import_module(name)\n"
        "print(len(names), 'torch' in sys.modules, 'snakemake' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(said[0]) >= 12 and said[1:] == ["False", "False"]
