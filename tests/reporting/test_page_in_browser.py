"""The report in a browser: tables sort, filter and explain, films play together, no network is asked."""

import time

import pytest
from browsers import chromium, complaints, requested

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(finished):
    return (finished.root / "report/index.html").as_uri()


@pytest.fixture(scope="module")
def browser(address, tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        requested(opened)
        opened.get(address)
        yield opened


def waited(browser, script, *, seconds=20):
    """Wait until the script gives something true."""
    until = time.monotonic() + seconds
    while not (found := browser.execute_script(script)):
        assert time.monotonic() < until, script
        time.sleep(0.05)
    return found


def heading(name, table="#results table"):
    """A script's expression for a column's button."""
    return f"""[...document.querySelector("{table}").querySelectorAll("tr.names button")]
        .find((button) => button.textContent.startsWith("{name}"))"""


ROWS = """return [...document.querySelector("#results table").tBodies[0].rows]
    .filter((row) => !row.classList.contains("block") && !row.hidden)"""
NAMES = f"{ROWS}.map((row) => row.cells[0].textContent)"


def column(browser, name):
    return browser.execute_script(
        f"""const place = ({heading(name)}).closest("th").cellIndex;
        {ROWS}.map((row) => row.cells[place].dataset.value ?? null)"""
    )


def test_a_column_sorts_by_the_keyboard_and_says_so(browser):
    from selenium.webdriver.common.keys import Keys

    names = browser.execute_script(NAMES)
    button = browser.execute_script(f"return {heading('LMD px')}")
    th = browser.execute_script("return arguments[0].closest('th')", button)
    before = column(browser, "LMD px")
    assert th.get_attribute("aria-sort") is None
    for state, expected in (
        ("ascending", sorted(map(float, before))),  # less is better: the best first
        ("descending", sorted(map(float, before), reverse=True)),
    ):
        button.send_keys(Keys.ENTER)
        assert th.get_attribute("aria-sort") == state
        assert [float(value) for value in column(browser, "LMD px")] == expected
        said = browser.execute_script("return document.querySelector('[aria-live]').textContent")
        assert said.startswith("Sorted by LMD px") and said.endswith(state)
    button.send_keys(Keys.SPACE)
    assert th.get_attribute("aria-sort") is None and browser.execute_script(NAMES) == names


def test_what_has_no_figure_stays_last_in_both_directions(browser):
    button = browser.execute_script(f"return {heading('PSNR dB')}")
    for _ in range(2):
        browser.execute_script("arguments[0].click()", button)
        values = column(browser, "PSNR dB")
        assert None in values and values.index(None) == len(values) - values.count(None)
    browser.execute_script("arguments[0].click()", button)


def test_a_heading_says_what_it_measures_when_focused_and_pointed_at(browser):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    button = browser.execute_script(f"return {heading('LMD px')}")
    described = browser.execute_script(
        "return document.getElementById(arguments[0].getAttribute('aria-describedby')).textContent", button
    )
    assert described == "20 centred mouth points, px of the crop. Less is better."
    tip = browser.execute_script("return document.getElementById('tip')")
    browser.execute_script("document.querySelector('#results input[type=search]').focus()")
    for _ in range(8):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        if browser.switch_to.active_element == button:
            break
    assert browser.switch_to.active_element == button and tip.is_displayed() and tip.text == described
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert not tip.is_displayed()
    browser.execute_script(
        "document.activeElement.blur(); arguments[0].scrollIntoView({block: 'center'})", button
    )
    ActionChains(browser).move_to_element(button).perform()
    assert tip.is_displayed() and tip.text == described
    ActionChains(browser).move_by_offset(0, 300).perform()


def test_rows_filter(browser):
    from selenium.webdriver.common.keys import Keys

    names = browser.execute_script(NAMES)
    field = browser.execute_script("return document.querySelector('#results input[type=search]')")
    field.send_keys("another clip")
    assert browser.execute_script(NAMES) == [name for name in names if "another clip" in name] != []
    count = browser.execute_script("return document.querySelector('#results output').textContent")
    assert count == f"1 of {len(names)} rows"
    field.send_keys(Keys.ESCAPE)
    assert browser.execute_script(NAMES) == names


def test_published_columns_without_a_figure_are_folded(browser):
    button = browser.execute_script("return document.querySelector('#results .fold')")
    table = browser.execute_script("return arguments[0].closest('.table').querySelector('table')", button)
    folded = "return [...arguments[0].querySelectorAll('.folded')].map((cell) => cell.offsetWidth > 0)"
    wide = """return [...arguments[0].rows[0].cells]
        .reduce((sum, th) => sum + (th.offsetWidth ? th.colSpan : 0), 0)"""
    names = "return [...arguments[0].rows[1].cells].filter((th) => th.offsetWidth).length"
    for expanded in ("false", "true", "false"):
        assert button.get_attribute("aria-expanded") == expanded
        assert set(browser.execute_script(folded, table)) == {expanded == "true"}
        assert browser.execute_script(wide, table) == browser.execute_script(names, table)
        browser.execute_script("arguments[0].click()", button)
    browser.execute_script("arguments[0].click()", button)


ALL = "return [...document.querySelectorAll('section.clip video')]"
"""The films of both clips."""
OWN = "return [...document.querySelector('section.clip').querySelectorAll('video')]"
"""Those of the first."""
TIMES = f"{OWN}.map((video) => video.currentTime)"


def clip_part(browser, name):
    return browser.execute_script(f"return document.querySelector('section.clip .{name}')")


def test_films_of_a_clip_start_and_stop_together_and_slowly(browser):
    from selenium.webdriver.support.ui import Select

    Select(clip_part(browser, "speed")).select_by_visible_text("¼ ×")
    play = clip_part(browser, "play")
    play.click()
    assert play.text == "Pause"
    waited(browser, f"{TIMES}.every((seconds) => seconds > 0.05)")
    apart = []
    for _ in range(5):
        times = browser.execute_script(TIMES)
        apart.append(max(times) - min(times))
    rates = browser.execute_script(
        "return [...document.querySelectorAll('section.clip video')].map((v) => v.playbackRate)"
    )
    paused = browser.execute_script(
        "return [...document.querySelectorAll('section.clip video')].map((v) => v.paused)"
    )
    assert rates[:2] == pytest.approx([0.25, 0.25], rel=0.21) and paused == [False, False, True, True], (
        "one clip at a time"
    )
    assert max(apart) < 0.1, apart
    play.click()
    waited(
        browser,
        "return [...document.querySelectorAll('section.clip video')].every((v) => v.paused && !v.seeking)",
    )
    first, *others = browser.execute_script(TIMES)
    assert others == pytest.approx([first] * len(others), abs=1e-6)
    Select(clip_part(browser, "speed")).select_by_visible_text("1 ×")


def test_films_step_by_frames_and_repeat(browser):
    def at(frame):
        waited(browser, f"{TIMES}.every((seconds) => Math.floor(seconds * 25 + 1e-3) === {frame})")

    clip_part(browser, "restart").click()
    at(0)
    for name, frame in (("ahead", 1), ("ahead", 2), ("back", 1), ("back", 0), ("back", 0)):
        clip_part(browser, name).click()
        at(frame)
    assert clip_part(browser, "time").text.startswith("0.02 of 1.00 s")
    clip_part(browser, "repeat").click()
    clip_part(browser, "play").click()
    waited(browser, f"{TIMES}[0] > 0.7")
    waited(browser, f"{TIMES}[0] < 0.4")
    clip_part(browser, "play").click()
    clip_part(browser, "repeat").click()


def test_one_film_is_heard(browser):
    from selenium.webdriver.support.ui import Select

    sound = Select(clip_part(browser, "sound"))
    for choice, expected in (
        ("Ours", [False, True]),
        ("Ours, another clip's sound", [True, False]),
        ("none", [True, True]),
    ):
        sound.select_by_visible_text(choice)
        assert browser.execute_script(f"{OWN}.map((video) => video.muted)") == expected


def test_each_film_shows_one_half_and_the_first_the_truth_beside(browser):
    shares = browser.execute_script(
        """return [...document.querySelector('section.clip').querySelectorAll('.frame')].map((frame) => {
        const [box, video] = [frame, frame.firstChild].map((node) => node.getBoundingClientRect());
        return [(video.right - box.right) / box.width, video.width / box.width, box.width / box.height];
        })"""
    )
    assert shares[0] == pytest.approx([0, 1, 2], abs=0.02) and shares[1] == pytest.approx([0, 2, 1], abs=0.02)


def test_the_switch_of_colours_is_stronger_than_the_system(browser):
    from selenium.webdriver.support.ui import Select

    paper = "return getComputedStyle(document.body).backgroundColor"
    light = browser.execute_script(paper)
    switch = Select(browser.execute_script("return document.querySelector('.theme select')"))
    switch.select_by_value("dark")
    dark = browser.execute_script(paper)
    assert light == "rgb(255, 255, 255)" and dark == "rgb(21, 24, 28)"
    browser.refresh()
    assert browser.execute_script(paper) == dark, "it is remembered"
    Select(browser.execute_script("return document.querySelector('.theme select')")).select_by_value("")
    assert browser.execute_script(paper) == light


def test_nothing_is_asked_for_and_nothing_complains(browser, address):
    """After all that the tests above did with the page."""
    assert set(requested(browser)) == {address} and complaints(browser) == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_no_width_scrolls_the_page_sideways(address, tmp_path, width, dark):
    with chromium(tmp_path / "profile", width=width, dark=dark) as browser:
        browser.get(address)
        for details in browser.find_elements("css selector", "details"):
            browser.execute_script("arguments[0].open = true", details)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert wide <= width and paper == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")
        unnamed = browser.execute_script(
            """return [...document.querySelectorAll("button, select, input, video, [role]")]
            .filter((node) => !(node.ariaLabel || node.labels?.length || node.textContent.trim()))
            .map((node) => node.outerHTML.slice(0, 80))"""
        )
        assert unnamed == [] and complaints(browser) == []


def test_a_figure_opens_its_card_by_the_keyboard_and_closes_again(browser):
    """Enter shows the card of the figure in focus, Escape gives the focus back, arrows go to the next one."""
    from selenium.webdriver.common.keys import Keys

    chosen = "#results table button.figure[tabindex='0']"
    first = browser.execute_script(f'return document.querySelector("{chosen}")')
    browser.execute_script("arguments[0].focus()", first)
    first.send_keys(Keys.ENTER)
    dialog = browser.execute_script("return document.querySelector('dialog.card[open]')")
    text = dialog.text
    row = browser.execute_script("return arguments[0].closest('tr').cells[0].textContent.trim()", first)
    assert row in text and "Corpus SHA-256" in text and "Evaluators" in text and "Clips" in text
    assert browser.execute_script("return document.activeElement.closest('dialog') !== null")
    browser.execute_script("return document.activeElement").send_keys(Keys.ESCAPE)
    waited(browser, "return !document.querySelector('dialog.card[open]')")
    assert browser.execute_script("return document.activeElement === arguments[0]", first)
    first.send_keys(Keys.ARROW_RIGHT)
    second = browser.execute_script("return document.activeElement")
    assert second != first and "figure" in second.get_attribute("class")
    assert first.get_attribute("tabindex") == "-1" and second.get_attribute("tabindex") == "0"
    second.send_keys(Keys.ARROW_LEFT)
    count = browser.execute_script("return document.querySelectorAll('#results table button.figure').length")
    assert count > 20
    assert not complaints(browser)
