"""Two hundred files that nobody should send: none is let in, memory is bounded, and the server goes on."""

import re
from urllib.parse import quote

import hostile_uploads as hostile
import pytest
from page_server import served, write_photo, write_sound

pytestmark = pytest.mark.slow

MOST_GROWTH_BYTES = 250_000_000
"""Of the server's memory, above what it held after its first film."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    words = ("--max-photo-mb", "3", "--max-sound-mb", "3")
    with served(tmp_path_factory.mktemp("served"), *words) as running:
        yield running


@pytest.fixture(scope="module")
def given(server, tmp_path_factory):
    """A film's photo and sound; one film was made."""
    folder = tmp_path_factory.mktemp("given")
    photo, sound = write_photo(folder / "photo.png"), write_sound(folder / "sound.wav", 0.4)
    names = server.send("photo", photo.read_bytes()), server.send("sound", sound.read_bytes())
    server.film(*names)
    return names


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    """(kind, name, content) of all files."""
    others = hostile.of_other_kinds()
    photos = others | hostile.bombs() | hostile.damaged_photos()
    sounds = others | hostile.playlists() | hostile.sounds(tmp_path_factory.mktemp("sounds"))
    for large in (photos, sounds):
        large["too large"] = bytes(3_000_001)
        large["much too large"] = bytes(9_000_000)
    own = [("photo", name, content) for name, content in photos.items()]
    return own + [("sound", name, content) for name, content in sounds.items()]


def test_none_is_let_in_and_memory_is_bounded(server, given, uploads):
    assert len(uploads) >= 200
    before, kept = server.most_memory(), server.kept()
    wrong = []
    for kind, name, content in uploads:
        answer = server.ask("POST", f"api/{kind}s", data=content)
        problem = problem_with(answer)
        if problem:
            wrong.append(f"{kind} {name}: {problem}: {answer.status_code} {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)
    assert server.kept() == kept, "nothing of what was refused is left"
    assert server.most_memory() - before < MOST_GROWTH_BYTES
    told, content = server.film(*given)
    assert told["state"] == "done" and content[4:8] == b"ftyp"
    assert "Traceback" not in (server.temporary / "stderr.txt").read_text()


def problem_with(answer):
    """Why an answer is no good refusal: one line that says what to do, and tells nothing of the server."""
    if not 400 <= answer.status_code < 500:
        return "let in, or a defect"
    said = answer.json()["error"]
    if not 10 < len(said) < 400 or "\n" in said or not said.isprintable():
        return "not one readable line"
    if "talkface-serve-" in said or "/tmp" in said or "0x" in said or "Errno" in said:
        return "tells of the inside"
    return None if re.search(r"; \w+|\(at most", said) else "no remedy"


def test_a_body_that_claims_less_or_more_than_it_is(server):
    import socket

    host, port = server.address.removeprefix("http://").rstrip("/").split(":")
    for length, body in ((10, b"\x89PNG\r\n\x1a\n" * 50), (10**18, b"x"), (-1, b"x"), ("5, 6", b"x")):
        with socket.create_connection((host, int(port)), timeout=20) as opened:
            head = f"POST /api/photos HTTP/1.1\r\nHost: {host}:{port}\r\nX-Talkface: 1\r\n"
            opened.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
            opened.shutdown(socket.SHUT_WR)
            answer = opened.recv(65_536)
        assert not answer or 400 <= int(answer.split()[1]) < 500, answer
    with socket.create_connection((host, int(port)), timeout=20) as opened:
        opened.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 200_000)
        assert b"400" in opened.recv(65_536)
    assert "Traceback" not in (server.temporary / "stderr.txt").read_text()


@pytest.mark.parametrize("name", hostile.NAMES, ids=range(len(hostile.NAMES)))
def test_odd_names_lead_nowhere(server, given, name):
    photo, sound = given
    for wish in (
        {"photo": name, "sound": sound},
        {"photo": photo, "sound": name},
        {"photo": sound, "sound": photo},
    ):
        answer = server.ask("POST", "api/films", json=wish | {"consent": True})
        assert answer.status_code in (404, 422) and problem_with(answer) != "not one readable line"
    for path in (f"api/films/{quote(name)}", f"api/sounds/{quote(name)}", f"page/{quote(name)}", quote(name)):
        answer = server.ask("GET", path)
        if answer.url.rstrip("/").count("/") > 2 and not name.isspace():
            assert answer.status_code in (403, 404, 405), (answer.url, answer.text)
        assert "root:" not in answer.text
    names = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)[:4000]}"}
    assert server.ask("POST", "api/photos", data=b"x", headers=names).status_code == 415
