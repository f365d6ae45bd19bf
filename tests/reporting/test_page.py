"""The page of the report: one file that stands alone, and no name from a corpus becomes markup."""

import json
from html.parser import HTMLParser

from finished_report import FIGURES, SHOWN

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import write_table
from talkface.jobs.build_report import build_report
from talkface.metrics.catalogue import all_metrics, further_tables
from talkface.reporting.pages.page import STYLE, TEMPLATE
from talkface.reporting.tables.published import PUBLISHED


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset", "poster")]
        if tag not in ("meta", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


def test_page_stands_alone_and_is_whole(finished):
    page = Page()
    page.feed((finished.root / "report/index.html").read_text(encoding="utf-8"))
    assert page.open == []
    kinds = {address.split(",")[0] for address in page.addresses if not address.startswith("#")}
    assert kinds == {"data:image/svg+xml", "data:video/mp4;base64"}
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
    assert "url(" not in STYLE.read_text() and "@import" not in STYLE.read_text()


def test_page_escapes_names_from_the_corpus(finished, tmp_path):
    content = json.loads((finished.root / "tables/main_results.json").read_text())
    content["views"][1]["blocks"][0]["rows"][0][0] = "<script>alert(1)</script>"
    content["notes"].append(["<b>", "&amp;"])
    for version in ("7.1", "8.0"):
        versions = {"ffmpeg": version, "torch": "2.13.0"}
        write_table(tmp_path / f"{version}.parquet", HISTORY, [], {"versions": versions})
    changed = tmp_path / "main_results.json"
    changed.write_text(json.dumps(content))
    build_report(
        main_results=changed,
        corpus_summary=finished.root / "tables/corpus_summary.json",
        videos=[],
        split=finished.split,
        published=PUBLISHED,
        template=TEMPLATE,
        style=STYLE,
        results=tmp_path,
        page=tmp_path / "index.html",
        **SHOWN,
        **{name: finished.root / f"figures/{name}.svg" for name in FIGURES},
    )
    html = (tmp_path / "index.html").read_text()
    assert "<script" not in html and "&lt;script&gt;alert(1)" in html and "&lt;b&gt;" in html
    assert "<video" not in html and 'href="#videos"' not in html
    assert "ffmpeg: of the artifacts 7.1 made 1, 8.0 made 1" in html and "torch: of" not in html
