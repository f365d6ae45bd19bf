"""The papers' tables: layout, published columns, missing values, seeds, spellings, figure and page."""

import csv
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from drawn_scores import PaperInputs, score_rows
from latex import assert_whole_latex, compile_latex

from talkface.artifacts.schemas import SCORES
from talkface.artifacts.tables import write_table
from talkface.config import Perceptual, Table, TableRow
from talkface.jobs.build_paper import build_paper
from talkface.jobs.plot_table import plot_table
from talkface.jobs.tabulate_au_classifier import tabulate_au_classifier
from talkface.jobs.tabulate_table import tabulate_table
from talkface.reporting.pages.page import STYLE
from talkface.reporting.pages.paper_page import TEMPLATE
from talkface.reporting.tables.aggregate import ScoresError
from talkface.reporting.tables.columns import MISSING, RESULT_MEASURES, UNIT_MEASURES
from talkface.reporting.tables.published import NOT_PUBLIC, PUBLISHED, PublishedError

TABLES = ("fusions", "units", "ablations", "au_classifier")
CONTROLS = {"static": 28.8, "mean_mouth": 29.0, "ground_truth": 35.0, "autoencoder": 33.0}
LEVELS = {
    "ours_other_sound": 28.0,
    "fusion_tcn": 29.3,
    "plus_identity": 29.0,
    "fusion_tcsan": 31.5,
} | CONTROLS
MORE = {"b_full": 30.1, "ours": 30.0, "a_oracle_aus": 34.0} | CONTROLS
FUSIONS = Table(
    title="Fusion",
    source="paper B, table 3",
    rows=[
        TableRow(variant="fusion_tcn", label="TCN"),
        TableRow(variant="plus_identity", label="GRU", published="fusion_gru"),
        TableRow(variant="fusion_tcsan"),
    ],
)
UNITS = Table(
    title="Units",
    source="paper B",
    columns="units",
    rows=[TableRow(variant="b_full"), TableRow(variant="ours")],
)
ABLATIONS = Table(
    title="Ablations & <parts>",
    source="paper A",
    rows=[TableRow(variant="ours"), TableRow(variant="a_oracle_aus", label="Oracle_AUs")],
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three tables, the AU classifier's, their figures and the page, of six unseen and two seen speakers."""
    root = tmp_path_factory.mktemp("paper")
    silent = {"static": ("lip_correlation_words",), "ground_truth": ("psnr",)}
    fusions = PaperInputs(root, LEVELS, without=silent)
    tabulate_table(**fusions.table_arguments("fusions", FUSIONS))
    more = PaperInputs(root / "more", MORE)
    more.root = root
    tabulate_table(**more.table_arguments("units", UNITS))
    tabulate_table(**more.table_arguments("ablations", ABLATIONS, bounds=["a_oracle_aus"]))
    scores = root / "train/au_classifier/shared/seed-0/scores.parquet"
    write_table(scores, SCORES, list(score_rows(6, 30)))
    tabulate_au_classifier(**fusions.arguments("au_classifier", scores=[scores]))
    for name, columns in (("fusions", "results"), ("units", "units")):
        plot_table(csv=root / f"tables/{name}.csv", columns=columns, figure=root / f"figures/{name}.svg")
    build_paper(
        contents=[
            root / f"tables/{name}.json" for name in ("fusions", "units", "ablations", "au_classifier")
        ],
        figures=[root / f"figures/{name}.svg" for name in ("fusions", "units")],
        figure_cards=[root / f"tables/{name}.cards.json" for name in ("fusions", "units", "au_classifier")],
        published=PUBLISHED,
        template=TEMPLATE,
        style=STYLE,
        experiment="test",
        corpus="grid",
        page=root / "report/paper.html",
    )
    return root


def view_of(root, name, number=0):
    return json.loads((root / f"tables/{name}.json").read_text())["views"][number]


def unseen(view):
    """Rows of the unseen speakers' block, each as header -> cell."""
    (block,) = [own for own in view["blocks"] if own["title"].startswith("Unseen")]
    return [dict(zip(view["headers"], row, strict=True)) for row in block["rows"]]


def csv_rows(root, name, **chosen):
    with (root / f"tables/{name}.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [row for row in rows if all(row[key] == value for key, value in chosen.items())]


def test_rows_are_in_the_papers_order_then_the_controls(made):
    view = view_of(made, "fusions")
    names = [row["Method"] for row in unseen(view)]
    assert names[:3] == ["TCN", "GRU", "Fusion tcsan"]
    assert names[3:] == [
        "Ground truth",
        "Ground truth through the autoencoder",
        "Static: first face repeated",
        "Mean mouth: frozen",
        "Ours, another clip's sound",
    ]
    assert view["headers"][1:5] == ["PSNR dB", "SSIM", "AU F1", "AU acc. %"]
    assert len(view["headers"]) == 1 + len(RESULT_MEASURES) + 3 + 4
    assert [block["title"][:4] for block in view["blocks"]] == ["Seen", "Unse"]


def test_published_numbers_stand_in_columns_of_their_own(made):
    view = view_of(made, "fusions")
    groups = {group["title"]: group for group in view["groups"]}
    (header,) = [title for title, group in groups.items() if group["published"]]
    assert "OpenFace 2" in header and "27 train / 6 test speakers" in header
    rows = unseen(view)
    printed = [row["PSNR dB (publ.)"] for row in rows]
    assert printed == ["29.671", "29.403", "29.817", "", "", "", "", ""]
    assert "GRU: Fusion by GRU [B, table 3" in " ".join(view["notes"])
    seen = next(own for own in view["blocks"] if own["title"].startswith("Seen"))
    assert all(set(row[-4:]) == {""} for row in seen["rows"])


def test_what_is_not_readable_says_so(made):
    ours = unseen(view_of(made, "ablations"))[0]
    assert {ours[f"{name} (publ.)"] for name in ("PSNR dB", "SSIM", "AU F1", "AU acc. %")} == {NOT_PUBLIC}
    units = unseen(view_of(made, "units"))
    assert units[0]["AU14 F1 (publ.)"] == "0.486" and units[0]["Mean acc. % (publ.)"] == "81.15"
    assert units[1]["AU14 F1 (publ.)"] == NOT_PUBLIC


def test_units_are_laid_out_as_in_the_paper(made):
    view = view_of(made, "units")
    ours = [measure.header for measure in UNIT_MEASURES]
    assert ours[:4] == ["AU10 F1", "AU10 acc. %", "AU14 F1", "AU14 acc. %"] and ours[-2:] == [
        "Mean F1",
        "Mean acc. %",
    ]
    assert view["headers"] == [
        "Method", *ours, "Clips", "Speakers", "Seeds", *(f"{header} (publ.)" for header in ours),
    ]  # fmt: skip


def test_intervals_missing_values_and_marks(made):
    tcn, _, tcsan, truth, _, static, *_ = unseen(view_of(made, "fusions"))
    assert "[" in tcn["PSNR dB"] and tcn["Speakers"] == "6" and tcn["Clips"] == "24"
    assert tcsan["PSNR dB"].endswith("*") and not tcn["PSNR dB"].endswith("*")
    assert (truth["PSNR dB"], static["Lip corr. words"]) == (MISSING, MISSING)
    marked = [row for row in csv_rows(made, "fusions") if row["psnr_db_best"] == "True"]
    assert [row["method"] for row in marked] == ["fusion_tcsan"]
    (own,) = csv_rows(made, "fusions", method="fusion_tcsan", subset="unseen_test")
    assert float(own["psnr_db_low"]) < float(own["psnr_db"]) < float(own["psnr_db_high"])


def test_overlapping_rows_and_bounds_are_not_ranked(made):
    assert not any("*" in cell for row in unseen(view_of(made, "units")) for cell in row.values())
    ablations = view_of(made, "ablations")
    assert not any("*" in cell for row in unseen(ablations) for cell in row.values())
    assert any("not ranked: Oracle_AUs" in note for note in ablations["notes"])


def test_below_five_speakers_the_values_per_speaker_stand_in(made):
    view, side = view_of(made, "fusions"), view_of(made, "fusions", 1)
    seen = next(own for own in view["blocks"] if own["title"].startswith("Seen"))
    assert "intervals not estimable: 2 speakers" in seen["title"]
    assert not any("[" in cell or "*" in cell for row in seen["rows"] for cell in row)
    assert [block["title"] for block in side["blocks"]] == ["Seen speakers, held-back clips"]
    assert [row[:3] for row in side["blocks"][0]["rows"][:2]] == [["TCN", "ts0", "4"], ["TCN", "ts1", "4"]]
    rows = csv_rows(made, "fusions", subset="seen_test", speaker="all")
    assert {row["interval"] for row in rows} == {"not estimable"} and {
        row["psnr_db_low"] for row in rows
    } == {""}
    single = csv_rows(made, "fusions", method="fusion_tcn", speaker="ts1")
    assert len(single) == 1 and single[0]["subset"] == "seen_test"


def test_several_seeds_are_counted_and_their_deviation_kept(tmp_path):
    inputs = PaperInputs(tmp_path, LEVELS, seeds=(0, 1))
    tabulate_table(**inputs.table_arguments("fusions", FUSIONS))
    (own,) = csv_rows(tmp_path, "fusions", method="fusion_tcn", subset="unseen_test", speaker="all")
    assert own["seeds"] == "2" and float(own["psnr_db_sd"]) == pytest.approx(0.5 / 2**0.5, rel=1e-4)
    assert unseen(view_of(tmp_path, "fusions"))[0]["Seeds"] == "2"


def test_published_figures_are_one_shot_and_stand_beside_nothing_else(tmp_path):
    inputs = PaperInputs(tmp_path, {"b_full": 30.0} | CONTROLS, protocol="inpaint")
    table = Table(title="I", source="A", protocol="inpaint", rows=[TableRow(variant="b_full")])
    tabulate_table(**inputs.table_arguments("inpaint", table))
    view = view_of(tmp_path, "inpaint")
    assert unseen(view)[0]["PSNR dB (publ.)"] == "" and "inpaint protocol" in view["blocks"][1]["title"]


def test_rows_that_cannot_be_filled_are_refused_by_name(tmp_path):
    inputs = PaperInputs(tmp_path, CONTROLS)
    table = Table(title="T", source="B", rows=[TableRow(variant="cran")])
    with pytest.raises(ScoresError, match="variant 'cran': no scores in the one_shot protocol"):
        tabulate_table(**inputs.table_arguments("t", table))
    inputs = PaperInputs(tmp_path, {"cran": 28.0})
    table = Table(title="T", source="B", rows=[TableRow(variant="cran", published="carn")])
    with pytest.raises(PublishedError, match=r"'carn' is not an id of published\.yaml; choose from a_full"):
        tabulate_table(**inputs.table_arguments("t", table))


def test_notes_name_split_protocol_labeller_weights_sampler_and_budget(made, tmp_path):
    notes = dict(json.loads((made / "tables/fusions.json").read_text())["notes"])
    assert {"Split", "Protocol", "AU labeller", "Weights", "Sampler", "Training budget", "Seeds"} <= set(
        notes
    )
    assert "stand-in for VGG-19, the features of our own autoencoder" in notes["Weights"]
    assert "renderer (fusion_tcn): 12,000 frames seen (1 % of" in notes["Training budget"]
    inputs = PaperInputs(tmp_path, LEVELS)
    given = {"perceptual": Perceptual(vgg19_sha256="ab" * 32), "samplers": {}}
    tabulate_table(**inputs.table_arguments("fusions", FUSIONS, **given))
    notes = dict(json.loads((tmp_path / "tables/fusions.json").read_text())["notes"])
    assert "VGG-19 from a file (SHA-256 abababababab)" in notes["Weights"]
    assert "stand-in for VGG-19" not in notes["Weights"] and "decoder gives its frames" in notes["Sampler"]


def test_classifier_stands_beside_the_papers_and_constant_answers(made):
    own, always, never = unseen(view_of(made, "au_classifier"))
    assert (own["AU10 F1 (publ.)"], own["Mean F1 (publ.)"], own["Mean acc. % (publ.)"]) == (
        "0.875",
        "0.871",
        "89.62",
    )
    assert always["AU10 F1 (publ.)"] == "" and "Sampler" not in (made / "tables/au_classifier.md").read_text()
    # Of 75 frames 30 have the AU: always "present" is right in 40 %, with F1 = 2 * 30 / (2 * 30 + 45).
    assert always["AU25 acc. %"].startswith("40.0") and always["AU25 F1"].startswith("0.571")
    assert never["AU25 acc. %"].startswith("60.0") and never["AU25 F1"].startswith("0.000")


def test_latex_is_whole_and_compiles(made, tmp_path):
    paths = [made / f"tables/{name}.tex" for name in TABLES]
    for path in paths:
        assert_whole_latex(path.read_text(encoding="utf-8"))
    assert r"Ablations \& \textless{}parts\textgreater{}" in paths[2].read_text()
    compile_latex(paths, tmp_path)


def test_figure_has_the_same_bytes_when_drawn_again(made, tmp_path):
    again = tmp_path / "fusions.svg"
    plot_table(csv=made / "tables/fusions.csv", columns="results", figure=again)
    assert again.read_bytes() == (made / "figures/fusions.svg").read_bytes()
    table = pd.read_csv(made / "tables/fusions.csv")
    table["psnr_db_high"] += 1
    table.to_csv(tmp_path / "wider.csv", index=False)
    plot_table(csv=tmp_path / "wider.csv", columns="results", figure=tmp_path / "wider.svg")
    assert (tmp_path / "wider.svg").read_bytes() != again.read_bytes(), "intervals are drawn"


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.addresses, self.images = set(), [], 0

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.ids |= {named["id"]} if "id" in named else set()
        self.addresses += [named[name] for name in ("src", "href") if name in named]
        self.images += tag == "img"


def test_page_holds_every_table_and_stands_alone(made):
    text = (made / "report/paper.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.ids == {*TABLES, "cards"} and page.images == 2
    inside = {address.split(",")[0] for address in page.addresses if not address.startswith("#")}
    assert inside == {"data:image/svg+xml", "data:"}
    assert "Ablations &amp; &lt;parts&gt;" in text and "<parts>" not in text
    assert "Demo: not a result" not in text and "doi:10.1145/3672565" in text


def test_every_figure_of_every_table_has_a_card(made):
    """Rows and columns of the shown tables name cards that are there and say the same numbers of clips."""
    for name, units in (("fusions", False), ("units", True), ("ablations", False), ("au_classifier", True)):
        cards = json.loads((made / f"tables/{name}.cards.json").read_text())
        rows = {f"{row['protocol']}/{row['subset']}/{row['method']}": row for row in cards["rows"]}
        view = view_of(made, name)
        figures = [column["figure"] for column in view["columns"]]
        assert {name for name in figures if name} == set(cards["figures"])
        assert ("au25_f1" in figures) == units and cards["split"] == "by_hand"
        clips = view["headers"].index("Clips")
        for block in view["blocks"]:
            assert len(block["cards"]) == len(block["rows"]) > 0
            for key, row in zip(block["cards"], block["rows"], strict=True):
                assert rows[key]["clips"] == int(row[clips]) and rows[key]["frames"] == 75 * int(row[clips])
    page = (made / "report/paper.html").read_text()
    embedded = json.loads(
        re.findall(r'<script type="application/json" id="cards">(.*?)</script>', page, re.S)[0]
    )
    assert set(embedded) == {"fusions", "units", "au_classifier"} and 'data-cards="units"' in page
