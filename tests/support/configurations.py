"""Configurations for tests: the demo's, with overlays and changes, or refused."""

import pytest
import yaml
from conftest import REPOSITORY

from talkface.config import Config, ConfigError, merge, validate

DEFAULT = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
SPEAKERS = ["s1", "s2", "s3", "s4", "s5", "s6"]
SHARDS = {name: [name] for name in SPEAKERS}


def configured(*overlays: str, **changes) -> Config:
    raw = DEFAULT
    for name in overlays:
        raw = merge(raw, yaml.safe_load((REPOSITORY / "configs" / name).read_text()))
    return validate(merge(raw, {"compute": {"device": "cpu"}, **changes}))


def refused(overlay: dict) -> str:
    """The message, one line, with which the demo's configuration under an overlay is refused."""
    with pytest.raises(ConfigError) as caught:
        validate(merge(DEFAULT, overlay))
    message = str(caught.value)
    assert "\n" not in message, "one line"
    return message
