"""What a page keeps and for how long, and how its queue goes on after a film that cannot be made."""

import time

import numpy as np
import pytest
from page_server import write_photo, write_sound

import talkface
from talkface.media.images import encode_png
from talkface.media.photo import read_photo
from talkface.serve.films import Films, Job
from talkface.serve.limits import Limits, RefusalError
from talkface.serve.store import Store


@pytest.fixture
def opened():
    stores = []

    def make(**limits):
        stores.append(Store(Limits(**limits)))
        return stores[-1]

    yield make
    for store in stores:
        store.close()
        assert not store.folder.exists()


def keep(store, size=10, kind="photo"):
    with store.scratch(".png") as path:
        path.write_bytes(bytes(size))
        return store.keep(kind, path)


def test_files_go_when_they_have_not_been_used_for_a_while(opened):
    store = opened(keep_s=0.2)
    old, used, held = (keep(store) for _ in range(3))
    store.hold(held)
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        assert store.find("photo", used.id) is used
        store.sweep()
        time.sleep(0.02)
    assert store.find("photo", old.id) is None and not old.path.exists()
    assert used.path.exists() and held.path.exists()
    store.release(held)
    time.sleep(0.25)
    store.sweep()
    assert not held.path.exists()


def test_the_longest_unused_goes_where_there_is_no_room(opened):
    store = opened(room_bytes=35)
    first, second, third = (keep(store) for _ in range(3))
    store.find("photo", first.id)
    fourth = keep(store)
    assert [own.path.exists() for own in (first, second, third, fourth)] == [True, False, True, True]
    store.hold(first, third)
    keep(store)
    assert [own.path.exists() for own in (first, third, fourth)] == [True, True, False]
    large = keep(store, size=100)
    assert large.path.exists(), "what has just been made is not thrown away"


def test_names_are_long_random_and_of_one_kind(opened):
    store = opened()
    names = {keep(store).id for _ in range(50)}
    assert len(names) == 50 and min(map(len, names)) == 24
    photo = keep(store)
    assert store.find("sound", photo.id) is None and store.find("photo", photo.id) is photo


def test_what_is_not_kept_is_deleted_whatever_happens(opened):
    store = opened()
    with pytest.raises(KeyError), store.scratch(".wav") as path:
        path.write_bytes(b"x")
        raise KeyError
    assert not list(store.folder.iterdir())


def ended(films, job):
    until = time.monotonic() + 120
    while job.state in ("waiting", "working"):
        assert time.monotonic() < until
        time.sleep(0.02)
    return films.told(job)


def test_a_film_that_cannot_be_made_does_not_stop_the_next(opened, tmp_path, caplog):
    store, limits = opened(), Limits(queue=3)
    films = Films(talkface.load(), store, limits)
    photo = read_photo(write_photo(tmp_path / "photo.png"))
    contents = {"good": encode_png(photo), "empty": b"", "wall": encode_png(np.full_like(photo, 128))}
    kept = {}
    for name, content in contents.items():
        with store.scratch(".png") as path:
            path.write_bytes(content)
            kept[name] = store.keep("photo", path)
    with store.scratch(".wav") as path:
        sound = store.keep("sound", write_sound(path, 0.2))
    jobs = [films.add(Job(kept[name], sound, {}, True)) for name in ("empty", "wall", "good")]
    with pytest.raises(RefusalError, match="3 films wait already") as refused:
        films.add(Job(kept["good"], sound, {}, True))
    assert refused.value.status == 503
    films.start()
    told = [ended(films, job) for job in jobs]
    assert [own["state"] for own in told] == ["failed", "failed", "done"]
    assert "not an image" in told[0]["message"] and "no face" in told[1]["message"]
    assert str(store.folder) not in str(told)
    assert {own.users for own in (*kept.values(), sound)} == {0}
    kept["good"].path.unlink()  # as if the disk had lost it
    lost = ended(films, films.add(Job(kept["good"], sound, {}, True)))
    assert lost["state"] == "failed" and "No such file" in lost["message"]
    films.close()
    assert not [record for record in caplog.records if record.exc_info]


def test_jobs_are_forgotten_with_their_films(opened, tmp_path):
    store, limits = opened(keep_s=0.1), Limits(keep_s=0.1)
    films = Films(talkface.load(), store, limits)
    job = films.add(Job(keep(store), keep(store, kind="sound"), {}, True))
    films.cancel(job)
    assert films.told(job)["state"] == "cancelled" and films.find(job.id) is job
    time.sleep(0.15)
    films.sweep()
    assert films.find(job.id) is None
    films.close()
