"""The figure of unseen people: whom it shows, at which frames, and by which methods."""

import numpy as np
import pytest
from report_inputs import EVALUATION, Experiment, draw_face, opening_curve

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table, write_table
from talkface.jobs import plot_people as job
from talkface.metrics.lips import spoken_frames


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
