"""What a run that ended well says last: figures, paths, and commands that can be copied."""

import pytest
from rich.console import Console

from snakemake_logger_plugin_talkface.ending import closing_lines

TABLE = """demo,protocol,subset,method,kind,psnr_db,lip_correlation_words
True,one_shot,unseen_test,static,control,30.25,
True,one_shot,unseen_test,warp,variant,31.75,0.92
"""


def said(about, folder, monkeypatch, width=80) -> str:
    results = folder / "results/mine/grid"
    (results / "tables").mkdir(parents=True)
    (results / "report").mkdir()
    (results / "tables/main_results.csv").write_text(TABLE)
    (results / "report/index.html").write_text("")
    monkeypatch.chdir(folder)
    console = Console(width=width, record=True, force_terminal=False)
    for part in closing_lines({"results": "results/mine/grid", "rules": {"build_report"}, **about}):
        console.print(part, soft_wrap=True)
    return console.export_text()


def test_figures_and_paths(tmp_path, monkeypatch):
    text = said({"demo": True}, tmp_path, monkeypatch)
    assert "31.8" in text and "0.92" in text and "results/mine/grid/report/index.html" in text


@pytest.mark.parametrize(
    ("about", "commands"),
    [
        (
            {"demo": True, "configfiles": ["config.yaml"]},
            ["snakemake verify --cores 1", "talkface generate face.jpg voice.wav -o film.mp4"],
        ),
        (
            {"configfiles": ["config.yaml", "configs/a b.yaml"], "changed": True, "tables": True},
            [
                "snakemake verify --cores 1 --configfile config.yaml 'configs/a b.yaml' --config ...",
                "talkface generate face.jpg voice.wav -o film.mp4 --model results/mine/grid",
                "snakemake paper --cores 2 --configfile config.yaml 'configs/a b.yaml' --config ...",
            ],
        ),
    ],
)
def test_what_to_try_next_has_the_options_of_this_run(tmp_path, monkeypatch, about, commands):
    lines = [line.strip() for line in said(about, tmp_path, monkeypatch).splitlines()]
    for command in commands:
        assert command in lines


def test_a_run_that_made_no_table_says_nothing(tmp_path, monkeypatch):
    assert said({"rules": {"crop_faces"}}, tmp_path, monkeypatch) == ""
