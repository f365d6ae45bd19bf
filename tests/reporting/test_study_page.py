"""The page of a study in a browser: blind, in an order of each participant's own, votes in a file."""

import json
import time
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
from browsers import chromium, complaints, requested
from tiny_corpus import CROP, small_corpus, write_generated, write_split

from talkface.artifacts.schemas import CLIPS
from talkface.artifacts.tables import write_table
from talkface.config import Corpus, Study
from talkface.jobs.build_study import build_study
from talkface.media.video import write_video
from talkface.reporting.study import read_votes

pytestmark = pytest.mark.slow
METHODS = ("ground_truth", "secret_method", "external_hidden")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two clips of three methods, which differ in blur."""
    folder = tmp_path_factory.mktemp("study")
    clips = small_corpus()[1:3]
    rows = []
    for clip in clips:
        time_S = np.arange(len(clip.images) * 640) / 16_000
        write_video(folder / f"{clip.name}.mp4", clip.images, audio=np.sin(2764 * time_S).astype(np.float32))
        rows.append(
            {
                "clip": clip.name, "speaker": clip.name[:2], "utterance": clip.name[3:],
                "path": f"{clip.name}.mp4", "size_bytes": 1, "words": [],
            }
        )  # fmt: skip
    write_table(folder / "clips.parquet", CLIPS, rows)
    generated = []
    for number, method in enumerate(METHODS):
        path = folder / f"generate/{method}/seed-0/one_shot/s1.parquet"
        path.parent.mkdir(parents=True)
        blurred = [
            clip.__class__(
                **{
                    **vars(clip),
                    "images": np.stack([cv2.blur(i, (1 + 2 * number,) * 2) for i in clip.images]),
                }
            )
            for clip in clips
        ]
        generated.append(write_generated(path, blurred))
    page, key = folder / "study/index.html", folder / "study/key.json"
    page.parent.mkdir()
    given = {
        "generated": generated, "clips": [folder / "clips.parquet"],
        "split": write_split(folder / "split.parquet", small_corpus()), "corpus": Corpus(root=folder),
        "study": Study(clips=2, question="Which mouth fits?"),
    }  # fmt: skip
    build_study(**given, page=page, key=key)
    return page, key, given


def test_the_page_names_no_method_and_is_the_same_again(made, tmp_path):
    page, key, given = made
    text, told = page.read_text(), json.loads(key.read_text())
    assert not any(method in text or method.replace("_", " ") in text for method in METHODS[1:])
    assert "s1/" not in text, "the clip's name tells nothing, but neither should it be there"
    assert {film["method"] for film in told["films"].values()} == set(METHODS) and len(told["films"]) == 6
    again = tmp_path / "index.html"
    build_study(**given, page=again, key=tmp_path / "key.json")
    assert json.loads((tmp_path / "key.json").read_text()) == told, "votes given before stay valid"


def vote(browser, page, name, choose):
    """Vote on all pairs; returns the films as they were shown, and the file that is saved."""
    browser.get(page.as_uri())
    field = browser.find_element("id", "participant")
    field.send_keys(name)
    field.submit()
    shown = []
    while browser.execute_script("return !document.getElementById('pair').hidden"):
        buttons = [browser.find_element("id", f"choose-{side}") for side in ("left", "right")]
        assert not any(button.is_enabled() for button in buttons), "first they are watched"
        shown.append(browser.execute_script("return [left.src.length, right.src.length]"))
        browser.find_element("id", "play").click()
        until = time.monotonic() + 60
        while not buttons[0].is_enabled():
            assert time.monotonic() < until, "the films do not come to their end"
            time.sleep(0.05)
        buttons[choose].click()
    link = browser.find_element("id", "save")
    assert link.get_attribute("download") == f"votes-{name}.json"
    return json.loads(unquote(link.get_attribute("href").partition(",")[2]))


def test_votes_come_out_as_a_file_that_the_analysis_reads(made, tmp_path):
    page, key, _ = made
    (tmp_path / "votes").mkdir()
    orders = {}
    with chromium(tmp_path / "profile") as browser:
        requested(browser)
        for name, side in (("anna", 0), ("ben", 1), ("anna", 0)):
            saved = vote(browser, page, name, side)
            pairs = [(vote["chosen"], vote["other"])[:: 1 if side == 0 else -1] for vote in saved["votes"]]
            assert orders.setdefault(name, pairs) == pairs, "a name gives the same order again"
            (tmp_path / f"votes/{name}.json").write_text(json.dumps(saved))
            assert len(saved["votes"]) == 6 and all(vote["seconds"] > 0 for vote in saved["votes"])
        assert [address for address in requested(browser) if not address.startswith("file:")] == []
        assert complaints(browser) == []
        browser.save_screenshot(str(tmp_path / "end.png"))
    assert orders["anna"] != orders["ben"]
    assert {frozenset(pair) for pair in orders["anna"]} == {frozenset(pair) for pair in orders["ben"]}
    votes = read_votes(tmp_path / "votes", json.loads(key.read_text()))
    assert len(votes) == 12 and {vote.chosen for vote in votes} <= set(METHODS) and CROP
