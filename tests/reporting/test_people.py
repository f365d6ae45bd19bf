"""The figure of unseen people: whom it shows, at which frames, and by which methods."""

import base64
import io
import re
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from report_inputs import EVALUATION, Experiment, draw_face, opening_curve

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table, write_table
from talkface.jobs import plot_people as job
from talkface.metrics.lips import spoken_frames
from talkface.reporting.figures.people_figure import Person, draw_people
from talkface.reporting.figures.style import save_svg, styled
from talkface.reporting.pages.downloads import embedded


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Experiment(tmp_path_factory.mktemp("experiment")).write()


def people_of(made, monkeypatch, tmp_path, **changes):
    shown = []
    draw = job.draw_people

    def kept(people):
        shown.extend(people)
        return draw(people)

    monkeypatch.setattr(job, "draw_people", kept)
    given = {"split": made.split, "landmarks_true": made.landmarks} | changes
    figure = tmp_path / "people.svg"
    job.plot_people(faces=made.faces, generated=made.generated, evaluation=EVALUATION, figure=figure, **given)
    assert figure.read_text().count("<image") == sum(2 * (1 + len(person.shown)) for person in shown)
    return shown


def test_each_unseen_speaker_is_shown_at_the_widest_and_the_closest_spoken_frame(made, monkeypatch, tmp_path):
    [person] = people_of(made, monkeypatch, tmp_path)
    assert person.clip == "s5/u0" and next(iter(person.shown)) == "truth"
    assert {*person.shown} == {"truth", "Ours", "Ground truth through the autoencoder"}
    opening = opening_curve("s5/u0")
    spoken = np.flatnonzero(spoken_frames([(0.1, 0.9)], len(opening), 25))
    assert list(person.frames) == [
        spoken[opening[spoken].argmax()],
        spoken[opening[spoken].argmin()],
    ]
    assert np.array_equal(person.photo, draw_face(opening[0]))
    ours = opening_curve("s5/u0", 0.3)
    for picture, frame in zip(person.shown["Ours"], person.frames, strict=True):
        assert np.array_equal(picture, draw_face(ours[frame]))


def test_where_all_are_seen_these_are_shown(made, monkeypatch, tmp_path):
    rows = read_table(made.split, SPLIT).to_pylist()
    split = tmp_path / "split.parquet"
    write_table(split, SPLIT, [row for row in rows if row["subset"] != "unseen_test"])
    people = people_of(made, monkeypatch, tmp_path, split=split)
    assert [person.clip.split("/")[0] for person in people] == ["s1", "s2"]


def test_photographs_are_jpeg_and_flat_pictures_stay_lossless(tmp_path):
    rows, columns = np.mgrid[:112, :112]
    flat = np.where((rows // 28 + columns // 28)[..., None] % 2, (200, 40, 40), (255, 255, 255)).astype(
        np.uint8
    )
    noise = np.random.default_rng(0).normal(0, 3, (112, 112, 3))
    photograph = (rows[..., None] + noise + 60).clip(0, 255).astype(np.uint8)
    person = Person("s5/u0", "unseen", photograph, [3, 7], {"truth": [photograph, flat]})
    with styled():
        save_svg(draw_people([person]), tmp_path / "people.svg")
    found = re.findall(r"data:image/(\w+);base64,([^\"]+)", (tmp_path / "people.svg").read_text())
    assert [kind for kind, _ in found] == ["jpeg", "jpeg", "jpeg", "png"]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[0][1]))).resize((112, 112)), float)
    upright = shown[::-1]  # Matplotlib stores pictures upside down
    assert 10 * np.log10(255**2 / ((upright - photograph) ** 2).mean()) > 33


def test_a_figure_in_a_page_is_the_file(tmp_path):
    with styled():
        save_svg(draw_people([]), tmp_path / "people.svg")
    address = embedded(tmp_path / "people.svg")
    assert not set(address) & set("#\"'<>&\n\t")  # what ends an attribute, an address, or is taken out of one
    assert unquote(address.partition(",")[2]) == (tmp_path / "people.svg").read_text()
