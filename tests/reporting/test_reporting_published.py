"""The papers' numbers as data: complete, claimed by the variants that re-run them, faults refused by name."""

import pytest
import yaml

from talkface.reporting.tables.published import PUBLISHED, PublishedError, load_published

GRID = """
cran 28.041 .694 .710 78.71
speech2vid 28.863 .755 .738 78.97
baseline 28.681 .746 .725 77.77
c_full 29.838 .769 .751 80.92
b_full 29.971 .772 .751 81.15
plus_identity 29.403 .753 .735 79.27
fusion_tcn 29.671 .765 .739 79.45
fusion_attention_tcn 29.757 .766 .740 79.55
fusion_coattention_tcn 29.720 .765 .740 79.50
fusion_tcsan 29.817 .767 .744 80.01
plus_perceptual 28.897 .748 .732 78.76
c_adversarial 29.528 .755 .736 79.55
c_au_loss 29.618 .764 .740 80.20
b_au_loss 29.809 .767 .746 80.19
"""
TCD_TIMIT = """
cran 24.381 .650 .562 81.41
speech2vid 25.132 .685 .556 81.91
baseline 25.003 .717 .545 80.96
c_full 26.201 .745 .590 84.92
b_full 26.601 .760 .590 86.51
plus_identity 26.132 .741 .550 82.54
fusion_tcn 26.290 .747 .553 83.24
fusion_attention_tcn 26.377 .750 .561 83.82
fusion_coattention_tcn 26.319 .753 .563 84.83
fusion_tcsan 26.509 .757 .578 85.25
"""


@pytest.mark.parametrize(("corpus", "printed"), [("GRID", GRID), ("TCD-TIMIT", TCD_TIMIT)])
def test_each_variant_finds_its_printed_row(corpus, printed):
    published = load_published()
    for line in printed.split("\n")[1:-1]:
        variant, *numbers = line.split()
        values = published.reproduced_by(variant).values[corpus]
        found = (values.psnr, values.ssim, values.au_f1, values.au_accuracy)
        assert found == tuple(map(float, numbers)), variant


def test_paper_a_is_open_with_its_doi():
    published = load_published()
    open_rows = [row for row in published.rows if row.paper == "A"]
    parts = ("disentanglement", "aus", "audio")
    changed = ["a_concatenation", "a_regression", "a_oracle_aus"]
    assert {row.id for row in open_rows} == {"a_full", *(f"a_without_{part}" for part in parts), *changed}
    for row in open_rows:
        assert "10.1145/3672565" in published.source(row)
        assert all(value is None for own in row.values.values() for value in own.model_dump().values())
    # One network stands for two printed rows: the second is named by its id.
    assert published.row("ablation_identity").values["GRID"] == published.row("fusion_gru").values["GRID"]


def test_published_numbers_are_those_of_the_papers():
    published = load_published()
    by_id = {row.id: row for row in published.rows}
    best = by_id["b_full"].values["GRID"]
    assert (best.psnr, best.ssim, best.au_f1, best.au_accuracy) == (29.971, 0.772, 0.751, 81.15)
    assert by_id["c_full"].values["TCD-TIMIT"].au_accuracy == 84.92
    assert {row.group for row in published.rows} == {"main", "fusion", "ablation"}
    assert all(value is None for value in by_id["a_full"].values["GRID"].model_dump().values())
    assert published.papers["A"].doi == "10.1145/3672565"
    # The papers' means of these figures: B's generated frames, and real ones.
    assert [(row.f1["mean"], row.accuracy["mean"]) for row in published.per_au] == [
        (0.751, 81.15),
        (0.871, 89.62),
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda file: file["rows"][1]["values"]["GRID"].update(au_accuracy=0.8115), "au_accuracy"),
        (lambda file: file["rows"][1]["values"]["GRID"].update(psnr=2.9), "psnr"),
        (lambda file: file["rows"][1]["values"]["GRID"].update(ssmi=0.7), "ssmi"),
        (lambda file: file["rows"][1].update(paper="Z"), "paper 'Z'"),
        (lambda file: file["rows"][1].update(id="a_full"), "a_full"),
        (lambda file: file["rows"][1].update(reproduced_by=["ours"]), "ours"),
        (lambda file: file["per_au"][0]["f1"].pop("AU14"), "AU14"),
        (lambda file: file["per_au"][0]["f1"].update(AU14=0.586), "mean of the AUs"),
        (lambda file: file["per_au"][0].update(row="b_ful"), "b_ful"),
        (lambda file: file["per_au"][1].update(row="b_full"), "generated frames"),
        (lambda file: file["papers"]["B"].update(arxiv=None), "doi or an arXiv"),
    ],
)
def test_faulty_published_numbers_are_refused_by_name(tmp_path, change, complaint):
    file = yaml.safe_load(PUBLISHED.read_text())
    change(file)
    path = tmp_path / "published.yaml"
    path.write_text(yaml.safe_dump(file, sort_keys=False))
    with pytest.raises(PublishedError, match=complaint):
        load_published(path)
