"""``snakemake --report`` on a finished experiment: tables, figures and videos by category, with captions."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from conftest import REPOSITORY
from workspace import MICRO, copy_workspace, snakemake

TABLES = (*MICRO, "configs/micro_tables.yaml")
CAPTIONS = REPOSITORY / "rules" / "captions"
SHOWN = {
    "Tables": ({"Main results", "Corpus", "Tables of the papers"}, {".csv", ".md", ".tex"}),
    "Figures": ({"Training", "Test clips", "Tables of the papers"}, {".svg"}),
    "Videos": ({"one_shot"}, {".mp4"}),
    "Pages": ({"Other"}, {".html"}),
}


@pytest.fixture(scope="module")
def report(finished_tables, tmp_path_factory) -> zipfile.ZipFile:
    """The report of a finished experiment, made by Snakemake."""
    folder = copy_workspace(finished_tables, tmp_path_factory.mktemp("report") / "workflow")
    done = snakemake(folder, "--report", "report.zip", "--", "all", "paper", overlay=TABLES)
    assert done.returncode == 0, done.stdout[-3000:]
    return zipfile.ZipFile(folder / "report.zip")


def variable(report: zipfile.ZipFile, name: str) -> dict:
    """What the page holds under a name, as plain values."""
    page = report.read("report/report.html").decode()
    start = re.search(rf"^ +var {name} = (?={{)", page, re.M)
    assert start
    return json.JSONDecoder().raw_decode(page[start.end() :])[0]


@pytest.mark.slow
def test_the_report_shows_everything_by_category_with_a_caption(report):
    categories, results = variable(report, "categories"), variable(report, "results")
    assert set(categories) == set(SHOWN)
    for category, (parts, kinds) in SHOWN.items():
        assert set(categories[category]) == parts
        paths = [path for found in categories[category].values() for path in found]
        assert {Path(path).suffix for path in paths} == kinds
        for path in paths:
            assert len(results[path]["caption"]) > 60, path
            assert report.getinfo(f"report/{results[path]['data_uri']}").file_size > 100, path
    shown = {Path(path).name for path in results}
    assert {"main_results.csv", "corpus_summary.csv", "methods.csv", "lip_opening.svg"} <= shown
    assert {"methods.svg", "0.mp4", "1.mp4", "index.html", "paper.html"} <= shown
    assert "Begin with the main results" in report.read("report/report.html").decode()


@pytest.mark.slow
def test_labels_tell_the_files_of_a_category_apart(report):
    results = variable(report, "results")
    for parts in variable(report, "categories").values():
        for paths in parts.values():
            labels = [tuple(results[path]["labels"].items()) for path in paths]
            assert len({*labels}) == len(labels), paths


def test_every_caption_is_used_and_every_one_used_is_there():
    texts = [path.read_text() for path in (*(REPOSITORY / "rules").glob("*.smk"), REPOSITORY / "Snakefile")]
    used = {name for text in texts for name in re.findall(r'captions/(\w+\.rst)"', text)}
    assert used == {path.name for path in CAPTIONS.iterdir()}
