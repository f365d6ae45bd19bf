"""The page in a browser, from a photo and a sound to a film that its sliders change."""

import base64
import time

import numpy as np
import pytest
from browsers import chromium, complaints, requested
from hostile_uploads import jpeg_of_size
from made_media import run
from page_server import served, write_photo, write_sound

from talkface.config import Faces
from talkface.features.faces import track_face
from talkface.features.landmarks import lip_opening
from talkface.media.speech import voices
from talkface.media.video import read_frames

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("page")
    write_photo(made / "photo.png")
    write_sound(made / "sound.wav", 1.0)
    (made / "bomb.jpg").write_bytes(jpeg_of_size(30_000, 30_000))
    (made / "svg.png").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    (made / "list.mp3").write_text("#EXTM3U\n/etc/passwd\n")
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("served"), "--max-photo-mb", "1") as running:
        yield running


@pytest.fixture(scope="module")
def browser(server, tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        requested(opened)
        opened.get(server.address)
        waited(opened, "return document.documentElement.dataset.ready")
        yield opened


def waited(browser, script, *given, seconds=90):
    """Wait until the script gives something true."""
    until = time.monotonic() + seconds
    while not (found := browser.execute_script(script, *given)):
        assert time.monotonic() < until, script + browser.execute_script("return document.body.innerText")
        time.sleep(0.05)
    return found


def give(browser, what, path):
    browser.find_element("css selector", f"#{what} input[type=file]").send_keys(str(path))


def said(browser, what):
    """The message beside a field."""
    found = waited(browser, "return document.querySelector(`#${arguments[0]} .problem:not([hidden])`)", what)
    return found.text


def job_after(browser, before):
    """The film that is shown after another one."""
    return waited(
        browser,
        "const own = document.getElementById('film'); "
        "return own.dataset.job !== arguments[0] && own.readyState >= 2 && own.dataset.job",
        before,
    )


def opening(server, job, folder):
    """How far the lips of a film part, in the mean."""
    path = folder / f"{job}.mp4"
    path.write_bytes(server.ask("GET", f"api/films/{job}/film.mp4").content)
    track = track_face(list(read_frames(path)), Faces(), 112)
    return float(np.mean(lip_opening(track.points)))


def test_a_film_needs_photo_voice_and_consent(browser, folder):
    go = browser.find_element("id", "go")
    go.click()
    assert said(browser, "make") == "Choose a photo first."
    give(browser, "photo", folder / "photo.png")
    waited(browser, "return document.querySelector('#photo .state.good')")
    go.click()
    assert said(browser, "make") == "Choose a voice first."
    give(browser, "sound", folder / "sound.wav")
    waited(browser, "return document.querySelector('#sound .state.good')")
    go.click()
    assert "have to agree first" in said(browser, "make")
    assert browser.switch_to.active_element.get_attribute("id") == "consent"


def test_a_photo_and_a_sound_become_a_film_that_plays(browser, server, folder):
    browser.find_element("id", "consent").click()
    browser.find_element("id", "go").click()
    job_after(browser, None)
    facts = browser.execute_script(
        "const film = document.getElementById('film');"
        "return [film.videoWidth, film.videoHeight, film.duration, film.error]"
    )
    assert facts[:2] == [320, 320] and facts[2] == pytest.approx(1.0, abs=0.1) and facts[3] is None
    waited(browser, "return document.getElementById('spoken').textContent === 'The film is ready.'")
    browser.execute_script("const film = document.getElementById('film'); film.muted = true; film.play()")
    heads = "return Number(document.querySelector('#rows line').getAttribute('x1'))"
    first = waited(browser, heads)
    waited(browser, f"{heads} !== {first} && document.getElementById('film').currentTime > 0.1")
    browser.execute_script("document.getElementById('film').pause()")
    rows = browser.execute_script(
        "return [...document.querySelectorAll('.unit')].map((row) => [row.querySelector('label').textContent,"
        " row.querySelectorAll('polyline')[1].points.length])"
    )
    assert [name[:4] for name, _ in rows] == ["AU10", "AU14", "AU20", "AU25", "AU26"]
    assert {count for _, count in rows} == {25}


def test_a_click_on_a_curve_goes_there(browser):
    browser.execute_script(
        """const picture = document.querySelector('.unit svg'), box = picture.getBoundingClientRect();
        picture.dispatchEvent(new MouseEvent('click', { clientX: box.left + box.width * 0.6 }));"""
    )
    waited(browser, "return Math.abs(document.getElementById('film').currentTime - 0.6) < 0.05")
    now = browser.execute_script("return [...document.querySelectorAll('.now')].map((own) => own.value)")
    assert all(0 <= float(value) <= 6 for value in now)


def test_a_slider_makes_the_film_again_and_the_lips_part_further(browser, server, folder):
    from selenium.webdriver.common.keys import Keys

    before = browser.find_element("id", "film").get_attribute("data-job")
    slider = browser.find_element("id", "slider-AU25")
    for _ in range(20):
        slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") == "times 3"
    after = job_after(browser, before)
    assert server.ask("GET", f"api/films/{after}").json()["au"] == {"AU25": 3}
    assert "AU25 × 3" in browser.find_element("id", "facts").text
    assert opening(server, after, folder) > 1.2 * opening(server, before, folder)
    browser.execute_script("document.getElementById('plain').scrollIntoView({ block: 'end' })")
    browser.find_element("id", "plain").click()
    again = job_after(browser, after)
    films = [server.ask("GET", f"api/films/{job}/film.mp4").content for job in (before, after, again)]
    assert films[0] == films[2] != films[1]


def test_the_film_and_its_curves_are_saved(browser, server):
    for name, begin in (("save-film", b"\0\0\0"), ("save-curves", b"time_s,AU10,")):
        link = browser.find_element("id", name)
        assert link.get_attribute("download")
        content = browser.execute_async_script(
            """const done = arguments[1];
            fetch(arguments[0]).then((answer) => answer.blob()).then((blob) => {
              const reader = new FileReader();
              reader.onload = () => done(reader.result.split(",")[1]);
              reader.readAsDataURL(blob);
            });""",
            link.get_attribute("href"),
        )
        assert base64.b64decode(content).startswith(begin)


@pytest.mark.parametrize(
    ("what", "name", "words"),
    [
        ("photo", "svg.png", "The photo is not a JPEG, PNG or WebP picture; save it as one of these."),
        ("photo", "bomb.jpg", "The photo has more than 40 megapixels; make it smaller."),
        ("photo", "sound.wav", "The photo is not a JPEG"),
        ("sound", "list.mp3", "The sound: not a sound or film of a kind that is taken here; give WAV"),
        ("sound", "photo.png", "The sound: not a sound or film"),
    ],
)
def test_hostile_files_are_refused_with_a_message(browser, folder, what, name, words):
    give(browser, what, folder / name)
    assert said(browser, what).startswith(words)
    browser.find_element("id", "go").click()
    assert said(browser, "make") == f"Choose a {'photo' if what == 'photo' else 'voice'} first."
    give(browser, what, folder / f"{what}.{'png' if what == 'photo' else 'wav'}")
    waited(browser, f"return document.querySelector('#{what} .state.good')")
    assert not browser.find_element("css selector", f"#{what} .problem").is_displayed()


def test_too_large_a_file_is_refused_before_it_is_sent(browser, folder):
    (folder / "large.jpg").write_bytes(b"\xff\xd8" + bytes(1_000_000))
    give(browser, "photo", folder / "large.jpg")
    assert said(browser, "photo") == "The photo has more than 1 MB; give a smaller file."
    give(browser, "photo", folder / "photo.png")
    waited(browser, "return document.querySelector('#photo .state.good')")


@pytest.mark.skipif(not voices(), reason="espeak-ng is not installed")
def test_a_text_is_spoken_and_becomes_a_film(browser, server):
    before = browser.find_element("id", "film").get_attribute("data-job")
    browser.find_element("css selector", '#sound input[value="text"]').find_element("xpath", "..").click()
    browser.find_element("css selector", "#sound textarea").send_keys("Good day.")
    browser.execute_script("document.querySelector('.voice').value = 'en-gb'")
    browser.find_element("id", "go").click()
    job = job_after(browser, before)
    assert 0.3 < server.ask("GET", f"api/films/{job}").json()["seconds"] < 2
    src = browser.find_element("css selector", ".heard").get_attribute("src")
    assert "/api/sounds/" in src


def test_the_model_says_what_it_is(browser):
    assert browser.find_element("id", "preview").is_displayed()
    browser.find_element("css selector", "#model summary").click()
    told = browser.find_element("id", "model").text
    assert "CC-BY-4.0" in told and "a preview" in told and "The whole model card" in told


def test_nothing_complains_and_no_other_host_is_asked(browser, server):
    """After all that the tests above did with the page, but for answers that refuse a file."""
    others = [address for address in requested(browser) if not address.startswith(server.address)]
    assert others == []
    said = [line for line in complaints(browser) if "the server responded with a status of 4" not in line]
    assert said == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_no_width_scrolls_the_page_sideways_and_every_control_has_a_name(server, tmp_path, width, dark):
    with chromium(tmp_path / "profile", width=width, dark=dark) as browser:
        browser.get(server.address)
        waited(browser, "return document.documentElement.dataset.ready")
        for details in browser.find_elements("css selector", "details"):
            browser.execute_script("arguments[0].open = true", details)
        browser.execute_script(
            "document.querySelectorAll('.way, #units').forEach((own) => own.hidden = false)"
        )
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert wide <= width and paper == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")
        unnamed = browser.execute_script(
            """return [...document.querySelectorAll("button, select, input, textarea, video, audio, progress,"
              + " svg, [role=region]")]
            .filter((node) => node.id !== "film" || !node.hidden)
            .filter((node) => !(node.ariaLabel || node.labels?.length || node.textContent.trim()
              || node.matches("svg")))
            .map((node) => node.outerHTML.slice(0, 80))"""
        )
        assert unnamed == [] and complaints(browser) == []


def test_camera_and_microphone_give_photo_and_sound(server, folder, tmp_path):
    """The browser is lent files in place of the devices."""
    camera, voice = tmp_path / "camera.y4m", write_sound(tmp_path / "voice.wav", 4)
    run(
        "-loop",
        "1",
        "-i",
        str(folder / "photo.png"),
        "-t",
        "1",
        "-vf",
        "scale=480:480,format=yuv420p",
        str(camera),
    )
    lent = (
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}", f"--use-file-for-fake-audio-capture={voice}",
    )  # fmt: skip
    with chromium(tmp_path / "profile", arguments=lent) as browser:
        browser.get(server.address)
        waited(browser, "return document.documentElement.dataset.ready")
        choose = "document.querySelector(`#${arguments[0]} input[value=${arguments[1]}]`).parentNode.click()"
        browser.execute_script(choose, "photo", "camera")
        browser.find_element("css selector", "#photo .start").click()
        waited(browser, "return !document.querySelector('#photo .take').hidden")
        browser.find_element("css selector", "#photo .take").click()
        told = waited(browser, "return document.querySelector('#photo .state.good')?.textContent")
        assert told.startswith("A face was found. ") and not browser.find_elements(
            "css selector", ".take:focus"
        )
        browser.execute_script(choose, "sound", "microphone")
        record = browser.find_element("css selector", "#sound .record")
        record.click()
        waited(browser, "return parseFloat(document.querySelector('.timer').textContent) > 1.5")
        record.click()
        told = waited(browser, "return document.querySelector('#sound .state.good')?.textContent")
        assert 1 < float(told.split()[0]) < 4 and "silent" not in told
        browser.find_element("id", "consent").click()
        browser.find_element("id", "go").click()
        job_after(browser, None)
        assert complaints(browser) == []
