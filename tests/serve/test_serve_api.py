"""What the server of the page answers, asked over HTTP as a browser asks."""

import io
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import REPOSITORY
from page_server import HEADERS, served, write_photo, write_sound

import talkface
from talkface.animation.steering import read_curves
from talkface.media.photo import read_photo
from talkface.media.program import executable
from talkface.media.speech import voices
from talkface.media.video import read_frames

pytestmark = pytest.mark.slow

KINDS = ("photo", "sound")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    return write_photo(folder / "photo.png"), write_sound(folder / "sound.wav")


@pytest.fixture(scope="module")
def sent(server, given):
    return [
        server.send(kind, path.read_bytes()) for kind, path in zip(("photo", "sound"), given, strict=True)
    ]


def test_the_page_is_whole_and_asks_no_other_host(server):
    page = server.ask("GET", "")
    assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "http" not in policy and "unsafe" not in policy
    folder = REPOSITORY / "talkface/serve/page"
    for path in folder.iterdir():
        answer = server.ask("GET", f"page/{path.name}")
        assert answer.content == path.read_bytes() and answer.headers["x-content-type-options"] == "nosniff"
        told = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in told and "https://" not in told and " style=" not in told, path


def test_a_film_is_the_one_that_generate_makes(server, given, sent, tmp_path):
    for label in (True, False):
        told, content = server.film(*sent, label=label, au={"AU25": 1.4})
        film = talkface.load().animate(read_photo(given[0]), given[1], au={"AU25": 1.4}, label=label)
        film.write(tmp_path / "film.mp4")
        assert content == (tmp_path / "film.mp4").read_bytes()
        assert (told["frames"], told["done"], told["seconds"]) == (15, 15, 0.6)
        assert (told["width"], told["height"]) == (320, 320)
    tags = subprocess.run(
        [executable(), "-i", str(tmp_path / "film.mp4")], capture_output=True, text=True
    ).stderr
    assert "AI-generated" in tags and "compositeWithTrainedAlgorithmicMedia" in tags


def test_a_film_is_sent_in_parts(server, sent):
    told, content = server.film(*sent)
    path = f"api/films/{told['id']}/film.mp4"
    part = server.ask("GET", path, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
    assert server.ask("GET", path, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    assert server.ask("HEAD", path).headers["accept-ranges"] == "bytes"


def test_curves_are_those_of_the_film_and_drive_it_again(server, given, sent, tmp_path):
    told, _ = server.film(*sent, au={"AU25": 2})
    curves = server.ask("GET", f"api/films/{told['id']}/curves.json").json()
    assert curves["fps"] == 25 and all(len(values) == 15 for values in curves["shown"].values())
    assert list(curves["shown"]) == ["AU10", "AU14", "AU20", "AU25", "AU26"]
    assert np.abs(curves["predicted"]["AU25"]).max() > 0.2
    asked = np.array(curves["predicted"]["AU25"])
    strongest = np.max(list(curves["predicted"].values()), axis=0).clip(min=0)
    expected = np.minimum(asked + np.maximum(asked, strongest / 4), np.maximum(asked, 5))
    np.testing.assert_allclose(curves["shown"]["AU25"], expected, atol=2e-3)
    assert curves["shown"]["AU26"] == curves["predicted"]["AU26"]
    (tmp_path / "curves.csv").write_bytes(server.ask("GET", f"api/films/{told['id']}/curves.csv").content)
    read = read_curves(tmp_path / "curves.csv")
    expected = np.clip(curves["shown"]["AU25"], 0, 5)
    np.testing.assert_allclose(read.at("AU25", np.arange(15) / 25), expected, atol=2e-3)
    again = talkface.load().animate(read_photo(given[0]), given[1], au_curve=tmp_path / "curves.csv")
    assert len(list(again)) == 15


def test_a_large_photo_is_made_smaller_and_a_turned_one_is_upright(server, given, sent):
    from PIL import Image

    large = Image.open(given[0]).resize((2000, 1500)).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # as the camera noted: to be turned by 270 degrees
    content = io.BytesIO()
    large.save(content, "JPEG", exif=exif)
    answer = server.ask("POST", "api/photos", data=content.getvalue())
    assert answer.status_code == 201, answer.text
    assert (answer.json()["width"], answer.json()["height"]) == (1280, 960)


def test_a_film_with_sound_serves_as_a_voice(server, sent, tmp_path):
    _, content = server.film(*sent)
    answer = server.ask("POST", "api/sounds", data=content)
    assert answer.status_code == 201 and answer.json()["seconds"] == pytest.approx(0.6, abs=0.05)


@pytest.mark.skipif(not voices(), reason="espeak-ng is not installed")
def test_a_text_is_spoken(server):
    told = server.ask("POST", "api/texts", json={"text": "Good morning. --help $(id)", "voice": "en-gb"})
    assert told.status_code == 201 and told.json()["seconds"] > 1
    sound = server.ask("GET", f"api/sounds/{told.json()['id']}")
    assert sound.headers["content-type"] == "audio/wav" and sound.content[:4] == b"RIFF"
    for wish, words in (
        ({"text": "Hi", "voice": "../../etc/passwd"}, "no voice '../../etc/passwd'; choose one of the list"),
        ({"text": " \n", "voice": "en-gb"}, "the text is empty"),
        ({"text": "a" * 1001, "voice": "en-gb"}, "text: String should have at most 1000 characters"),
        ({"text": "777777 " * 140, "voice": "en-gb"}, "longer than 60 s"),
        ({"text": 5, "voice": "en-gb"}, "text: Input should be a valid string"),
    ):
        answer = server.ask("POST", "api/texts", json=wish)
        assert answer.status_code == 422 and words in answer.json()["error"], answer.text


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"consent": False}, "consent: the people in photo and sound have to agree"),
        ({"consent": None}, "consent"),
        ({"au": {"AU11": 1}}, "AU11: not an action unit here"),
        ({"au": {"AU25": 6}}, "a factor from 0 to 5"),
        ({"au": {"AU25": "2"}}, "au.AU25: Input should be a valid number"),
        ({"au": {f"AU{number}": 1 for number in range(30)}}, "au: Dictionary should have at most 5"),
        ({"label": "no"}, "label: Input should be a valid boolean"),
        ({"steps": 5}, "steps: Extra inputs are not permitted"),
        ({"au": {"A" * 5000: 1}}, "String should have at most 8 characters"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(server, sent, wish, words):
    answer = server.wish(*sent, **wish)
    assert answer.status_code == 422 and words in answer.json()["error"], answer.text


def test_a_wish_without_a_number_is_refused(server, sent):
    wish = f'{{"photo": "{sent[0]}", "sound": "{sent[1]}", "consent": true, "au": {{"AU25": NaN}}}}'
    answer = server.ask("POST", "api/films", data=wish)
    assert answer.status_code == 422 and "AU25" in answer.json()["error"]


def test_requests_of_other_pages_are_refused(server, sent):
    own = server.address.removeprefix("http://").rstrip("/")
    port = own.rpartition(":")[2]
    wish = {"photo": sent[0], "sound": sent[1], "consent": True}
    for headers, code in (
        ({"Origin": f"http://{own}"}, 202),
        ({"Host": f"localhost:{port}"}, 202),
        ({"Host": f"[::1]:{port}"}, 202),
        ({"Host": f"evil.example:{port}"}, 403),  # DNS rebinding: a foreign name for this machine
        ({"Host": f"127.0.0.1.evil.example:{port}"}, 403),
        ({"Host": f"192.168.0.7:{port}"}, 403),
        ({"Host": "127.0.0.1:x"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://127.0.0.1:{int(port) - 1}"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"X-Talkface": None}, 403),
    ):
        answer = server.ask("POST", "api/films", json=wish, headers=headers)
        assert answer.status_code == code, (headers, answer.text)
    opened = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.ask("GET", "", headers=opened).status_code == 200  # a link to the page
    assert server.ask("GET", "api/about", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert "access-control-allow-origin" not in server.ask("OPTIONS", "api/films").headers


def test_twenty_at_once_and_none_is_lost(server, given):
    from concurrent.futures import ThreadPoolExecutor

    photo, sound = (path.read_bytes() for path in given)

    def whole(_number):
        return server.film(server.send("photo", photo), server.send("sound", sound))

    with ThreadPoolExecutor(20) as pool:
        films = list(pool.map(whole, range(20)))
    assert len({told["id"] for told, _ in films}) == 20
    assert len({content for _, content in films}) == 1  # all done, all the same


def test_a_film_is_cancelled_while_it_waits_and_while_it_is_made(server, sent, tmp_path):
    long = server.send("sound", write_sound(tmp_path / "long.wav", 30).read_bytes())
    making, waiting = (server.wish(sent[0], long).json()["id"] for _ in range(2))
    assert server.ask("GET", f"api/films/{waiting}").json()["before"] == 1
    assert server.ask("GET", f"api/films/{waiting}/film.mp4").status_code == 409
    assert server.ask("DELETE", f"api/films/{waiting}").json()["state"] == "cancelled"
    until = time.monotonic() + 60
    while not (told := server.ask("GET", f"api/films/{making}").json())["done"]:
        assert time.monotonic() < until
    assert told["frames"] == 750 and told["state"] == "working"
    server.ask("DELETE", f"api/films/{making}")
    assert server.ended(making)["state"] == "cancelled"
    assert not [path for path in server.kept() if ".part" in path.name]


def test_a_server_for_others_says_what_that_means_and_ends_in_order(tmp_path, given):
    words = ("--host", "0.0.0.0", "--name", "Face.Example", "--max-queue", "2")
    with served(tmp_path, *words, PATH="/nowhere") as server:
        said = " ".join((tmp_path / "stderr.txt").read_text().split())
        assert "warning: --host 0.0.0.0: everybody who can reach this machine can use the page" in said
        for host, code in (("192.168.0.7", 200), ("face.example:80", 200), ("evil.example", 403)):
            assert server.ask("GET", "api/about", headers={"Host": host}).status_code == code, host
        told = server.ask("GET", "api/about").json()
        assert told["voices"] == [] and "apt-get install espeak-ng" in told["without_voices"]
        answer = server.ask("POST", "api/texts", json={"text": "Hi", "voice": "en-gb"})
        assert answer.status_code == 422 and "no espeak-ng" in answer.json()["error"]

        photo = server.send("photo", given[0].read_bytes())
        sound = server.send("sound", write_sound(tmp_path / "long.wav", 30).read_bytes())
        answers = [server.wish(photo, sound) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 503]
        assert answers[2].headers["retry-after"] == "30" and "2 films wait" in answers[2].json()["error"]
        [folder] = tmp_path.glob("talkface-serve-*")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        server.process.send_signal(signal.SIGINT)  # while a film is made
        assert server.process.wait(timeout=30) == 0
        said = (tmp_path / "stderr.txt").read_text()
        assert "Traceback" not in said and said.strip().endswith("of the page were deleted"), said


def test_a_port_in_use_is_told(server):
    port = server.address.rstrip("/").rpartition(":")[2]
    for words in (("--port", port), ("--host", "192.0.2.1"), ("--host", "no such host")):
        done = subprocess.run(
            [sys.executable, "-m", "talkface", "serve", *words], capture_output=True, text=True, timeout=120,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
        assert done.returncode == 5 and "choose another port" in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_the_model_and_its_card_are_told(server):
    told = server.ask("GET", "api/about").json()
    assert told["model"]["bundle"]["preview"] is True and told["model"]["steered"] is True
    assert [own["au"] for own in told["units"]] == ["AU10", "AU14", "AU20", "AU25", "AU26"]
    card = server.ask("GET", "api/card")
    assert card.headers["content-type"].startswith("text/plain") and "# real_gpu-grid-warp" in card.text


def test_requests_need_their_header(server):
    assert HEADERS and server.ask("DELETE", "api/films/x", headers={"X-Talkface": None}).status_code == 403


def test_frames_of_the_film_can_be_read(server, sent, tmp_path):
    _, content = server.film(*sent)
    (tmp_path / "film.mp4").write_bytes(content)
    frames = list(read_frames(tmp_path / "film.mp4"))
    assert len(frames) == 15 and frames[0].shape == (320, 320, 3)
