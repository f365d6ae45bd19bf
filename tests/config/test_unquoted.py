"""Names that YAML reads as a number, true or false, a date or nothing: the message says so, and where."""

from pathlib import Path

import pytest
import yaml
from configurations import DEFAULT
from conftest import REPOSITORY

from talkface.config import ConfigError, merge, validate

NAMES = {
    "01": "a number", "007": "a number", "2024_05": "a number", "1.5e+3": "a number", "12:30": "a number",
    "0x1F": "a number", ".inf": "a number", "on": "true or false", "No": "true or false",
    "null": "nothing", "~": "nothing", "2024-05-01": "a date", "2024-05-01 10:00:00": "a date",
}  # fmt: skip
FIELDS = {
    "corpus.speakers.1": "corpus:\n  speakers: [s1, {}]\n",
    "splits.demo.seen.2": "splits:\n  demo:\n    seen:\n    - s1\n    - s2\n    - {}\n",
    "splits.demo.unseen.0": "# a remark\nsplits: {{demo: {{unseen: [{}]}}}}\n",
    "splits.demo.appearance.0": "splits:\n  demo:\n    appearance:\n\n    - {}  # a remark\n",
    "main.0": "main:\n- {}\n",
    "corpus.name": "corpus:\n  name: {}\n",
}


def refused(overlays: list[Path], *further: dict) -> str:
    files = [REPOSITORY / "config.yaml", *overlays]
    raw = DEFAULT
    for content in [*(yaml.safe_load(path.read_text()) for path in overlays), *further]:
        raw = merge(raw, content)
    with pytest.raises(ConfigError) as caught:
        validate(raw, files)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", FIELDS)
def test_the_message_names_field_reading_remedy_and_line(tmp_path, field, name):
    path = tmp_path / "mine.yaml"
    text = FIELDS[field].format(name)
    path.write_text(text)
    [line] = [number for number, content in enumerate(text.splitlines(), 1) if name in content]
    message = refused([path])
    assert f"{field}: YAML reads {name} as {NAMES[name]}" in message
    assert f'in quotes, "{name}" ({path}, line {line})' in message


@pytest.mark.parametrize("name", NAMES)
def test_quotes_help(name):
    corpus = {"corpus": {"speakers": ["s1", yaml.safe_load(f'"{name}"')]}}
    assert validate(merge(DEFAULT, corpus)).corpus.speakers == ["s1", name]


@pytest.mark.parametrize("name", ["1e3", "01M", "s01", "y", "1.2.3"])
def test_names_that_are_none_of_these_need_no_quotes(name):
    assert yaml.safe_load(name) == name


def test_a_splits_own_name(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("split: 2024\nsplits:\n  2024: {unseen: [s1]}\n")
    message = refused([path])
    assert f'split: YAML reads 2024 as a number: put the name in quotes, "2024" ({path}, line 1)' in message
    assert (
        f'splits.2024: YAML reads 2024 as a number: put the name in quotes, "2024" ({path}, line 3)'
        in message
    )


def test_the_last_file_that_says_it_is_named(tmp_path):
    first, second, other = (tmp_path / f"{name}.yaml" for name in ("first", "second", "other"))
    first.write_text("\n\ncorpus: {speakers: [01]}\n")
    second.write_text("corpus: {speakers: [on, s1]}\n")
    other.write_text("corpus: {name: other}\n")
    message = refused([first, second, other])
    assert "reads on as true or false" in message and f"({second}, line 1)" in message


@pytest.mark.parametrize(
    "content", ["corpus: {speakers: [01]}", "corpus: {speakers: ['01']}", "corpus: [", "- 1"]
)
def test_a_value_of_the_command_line_has_no_line(tmp_path, content):
    """Snakemake reads ``--config split=01`` as a number; a file that says something else is not blamed."""
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        validate(merge(DEFAULT, {"split": 1}), [path, tmp_path / "absent.yaml"])
    message = str(caught.value)
    assert "split: YAML reads the name that is given here as a number (1)" in message
    assert "--config" in message and ", line " not in message


def test_anchors_lead_to_where_the_name_stands(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("who: &who\n- 01\nsplits:\n  demo: {unseen: *who}\n")
    content = yaml.safe_load(path.read_text())
    del content["who"]
    with pytest.raises(ConfigError, match=rf"splits\.demo\.unseen\.0: .*\({path}, line 2\)"):
        validate(merge(DEFAULT, content), [path])


def test_what_quotes_cannot_help_is_told_as_before():
    with pytest.raises(ConfigError, match=r"corpus\.speakers\.0: Input should be a valid string"):
        validate(merge(DEFAULT, {"corpus": {"speakers": [["s1"]]}}))
