"""The page of the report: one file that stands alone, and no name from a corpus becomes markup."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
from finished_report import FIGURES, build
from safetensors.numpy import save_file

from talkface.artifacts.headers import WEIGHTS_KEY
from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import write_table
from talkface.metrics.catalogue import all_metrics, further_tables
from talkface.provenance.commit import present_commit
from talkface.reporting.pages.page import BEHAVIOUR, STYLE


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset", "poster")]
        if tag not in ("meta", "img", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


def test_page_stands_alone_and_is_whole(finished):
    page = Page()
    html = (finished.root / "report/index.html").read_text(encoding="utf-8")
    page.feed(html)
    assert page.open == []
    kinds = {re.split("[,;]", address)[0] for address in page.addresses if not address.startswith("#")}
    files = {"data:text/csv", "data:application/x-tex", "data:application/json"}
    assert kinds == {"data:", "data:image/svg+xml", "data:video/mp4"} | files
    anchors = {attributes.get("id") for _, attributes in page.tags}
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= anchors
    videos = [attributes for tag, attributes in page.tags if tag == "video"]
    assert len(videos) == 4 and all("controls" in video and video["aria-label"] for video in videos)
    assert all(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    assert sum(tag == "img" for tag, _ in page.tags) == len(FIGURES)
    said = " ".join(page.text)
    titles = further_tables(all_metrics())
    assert titles and all(title in said for title in titles)
    assert "Demo: not a result" in said and "doi:10.1145/3672565" in said
    assert not any("style" in attributes for _, attributes in page.tags), "the policy forbids these"
    for source in (STYLE, BEHAVIOUR):
        assert not re.search(r"url\(|@import|https?:|fetch\(|</", source.read_text())


def test_page_escapes_names_from_the_corpus(finished, tmp_path):
    content = json.loads((finished.root / "tables/main_results.json").read_text())
    content["views"][1]["blocks"][0]["rows"][0][0] = "<script>alert(1)</script>"
    content["notes"].append(["<b>", "&amp;"])
    for version in ("7.1", "8.0"):
        versions = {"ffmpeg": version, "torch": "2.13.0"}
        write_table(tmp_path / f"{version}.parquet", HISTORY, [], {"versions": versions})
    cards = json.loads((finished.root / "tables/main_results.cards.json").read_text())
    cards["labeller"] = "</script><script>alert(2)</script>"
    (tmp_path / "cards.json").write_text(json.dumps(cards))
    changed = tmp_path / "main_results.json"
    changed.write_text(json.dumps(content))
    html = build(
        finished,
        main_results=changed,
        figure_cards=tmp_path / "cards.json",
        videos=[],
        results=tmp_path,
        logs=tmp_path,
        page=tmp_path / "index.html",
    )
    # The cards, which are data, and our own.
    assert (
        html.count("<script") == html.count("</script") == 2
        and "&lt;script&gt;alert(1)" in html
        and "&lt;b&gt;" in html
    )
    assert "<video" not in html and 'href="#films"' not in html
    assert "ffmpeg: of the artifacts 7.1 made 1, 8.0 made 1" in html and "torch: of" not in html
    assert "no records of what the stages took" in html


def test_page_says_how_it_was_made(finished):
    html = (finished.root / "report/index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    said = " ".join(" ".join(page.text).split())
    assert "crop_faces 2 90.2 60.0 45.1 512" in said and "plot_lips 1 7,200.0" in said
    assert "1 h 01 min in 3 recorded jobs" in said and "Page built" in said
    commit = present_commit()
    assert commit is None or commit.hash in said


def test_downloads_are_the_files(finished, tmp_path):
    network = finished.root / "train/renderer/ours/seed-0/model.safetensors"
    build_page = tmp_path / "index.html"
    metadata = {"stage": "renderer", "samples": 12_000, "warm_start": "/home/somebody/weights.safetensors"}
    save_file({"w": np.zeros(2, np.float32)}, network, {WEIGHTS_KEY: weights_header(metadata)})
    try:
        html = build(finished, page=build_page)
    finally:
        network.unlink()
    page = Page()
    page.feed(html)
    links = {
        attributes["download"]: attributes["href"] for _, attributes in page.tags if "download" in attributes
    }
    assert set(links) == {"main_results.csv", "main_results.tex", "cards.json"}
    for name in ("main_results.csv", "main_results.tex"):
        assert content_of(links[name]) == (finished.root / "tables" / name).read_bytes()
    [card] = json.loads(content_of(links["cards.json"]))
    assert card["variant"] == "ours" and card["samples"] == 12_000
    assert card["warm_start"] == "weights.safetensors", "no path of one machine"


def weights_header(metadata):
    return "checksum " + json.dumps({"metadata": metadata, "versions": {"torch": "2.13.0"}})


def content_of(address):
    return base64.b64decode(address.partition(",")[2])
