"""docs/adding_table.md is followed beside a finished experiment: one file more, one table more."""

import pytest
from pages import blocks_of, files_of
from workspace import copy_workspace, scheduled, snakemake

PAGE = "adding_table.md"
CONFIGS = ("--configfile", "configs/micro.yaml", "configs/micro_tables.yaml")


def overlay() -> tuple[str, str]:
    """The one file of the page: its name and its text."""
    [text] = blocks_of(PAGE, "yaml")
    return text.splitlines()[0].removeprefix("# "), text


def test_the_page_adds_one_file_and_names_it_in_its_command():
    name, _ = overlay()
    assert files_of(PAGE) == {}
    [command] = blocks_of(PAGE, "sh")
    assert command.split()[-1] == name


@pytest.mark.slow
def test_the_table_is_made_from_what_is_there(finished_tables, tmp_path):
    folder = copy_workspace(finished_tables, tmp_path / "micro")
    finished = scheduled(folder, "--", "paper", overlay=CONFIGS)
    name, text = overlay()
    (folder / name).write_text(text)
    with_table = (*CONFIGS, name)
    more = scheduled(folder, "--", "paper", overlay=with_table) - finished
    assert more == {"tabulate_table": 1, "plot_table": 1, "build_paper": 1}

    done = snakemake(folder, "--cores", "1", "--", "paper", overlay=with_table)
    assert done.returncode == 0, done.stdout[-3000:]
    results = folder / "results/micro/micro"
    shown = (results / "tables/outputs.md").read_text()
    for row in ("diffusion (paper A)", "decoder (paper B)", "decoder, sound alone (CRAN)"):
        assert row in shown
    assert (results / "figures/outputs.svg").is_file() and (results / "tables/outputs.tex").is_file()
    assert "Diffusion or a decoder of frames" in (results / "report/paper.html").read_text()
    done = snakemake(folder, "--cores", "1", "--", "verify", overlay=with_table)
    assert done.returncode == 0, done.stdout[-3000:]
