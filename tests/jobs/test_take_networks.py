"""Networks of a finished experiment: taken to the byte, and refused where the settings differ."""

import json

import pytest

from talkface.config import ConfigError, read_config, validate
from talkface.jobs.take_networks import OtherNetworksError, take_networks


def configured(repository, **changes):
    return validate(
        json.loads(
            read_config([repository / "config.yaml", repository / "configs/micro.yaml"]).model_dump_json()
        )
        | changes
    )


def take(tmp_path, repository, here, there, stage="autoencoder", trained="shared"):
    given = tmp_path / "given"
    given.mkdir()
    (given / "model.safetensors").write_bytes(b"weights")
    (given / "history.parquet").write_bytes(b"history")
    content = (
        there if isinstance(there, str) else json.dumps({"source": {"config": there.model_dump(mode="json")}})
    )
    (given / "setup.json").write_text(content)
    model, history = tmp_path / "taken/model.safetensors", tmp_path / "taken/history.parquet"
    model.parent.mkdir()
    take_networks(
        stage=stage, trained=trained, given_model=given / model.name, given_history=given / history.name,
        setup=given / "setup.json", config=here, model=model, history=history,
    )  # fmt: skip
    return model.read_bytes(), history.read_bytes()


@pytest.mark.parametrize(
    ("stage", "trained"), [("autoencoder", "shared"), ("renderer", "ours"), ("renderer", "warp")]
)
def test_networks_are_taken_to_the_byte(tmp_path, repository, stage, trained):
    there = configured(repository)
    # Another corpus, split and schedule are what it is for.
    longer = there.autoencoder.model_dump(mode="json")
    longer["training"]["samples"] *= 2
    here = configured(
        repository, autoencoder=longer, networks="results/micro/micro",
        splits={"micro": {"seen": [], "unseen": ["s1"]}},
    )  # fmt: skip
    assert take(tmp_path, repository, here, there, stage, trained) == (b"weights", b"history")


@pytest.mark.parametrize(
    ("changes", "stage", "trained", "said"),
    [
        ({"mel": {"bands": 20}}, "autoencoder", "shared", "mel.bands: 20 here, 13 there"),
        ({"video": {"crop_size": 96}}, "au_attention", "shared", "video.crop_size: 96 here, 112 there"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, repository, changes, stage, trained, said):
    with pytest.raises(OtherNetworksError, match=said):
        take(tmp_path, repository, configured(repository, **changes), configured(repository), stage, trained)


def test_an_unknown_variant_and_a_damaged_note_are_refused(tmp_path, repository):
    config = configured(repository)
    with pytest.raises(OtherNetworksError, match="'wide' is not there"):
        (tmp_path / "one").mkdir()
        take(tmp_path / "one", repository, config, config, "renderer", "wide")
    with pytest.raises(OtherNetworksError, match=r"setup\.json: not a configuration"):
        (tmp_path / "two").mkdir()
        take(tmp_path / "two", repository, config, "{}")


def test_a_split_that_trains_on_nobody_needs_networks(repository):
    with pytest.raises(ConfigError, match="trains on nobody"):
        configured(repository, splits={"micro": {"seen": [], "unseen": ["s1"]}})


@pytest.mark.parametrize("name", ["sync_evaluator", "lip_reader"])
def test_evaluators_are_not_trained_beside_given_networks(repository, name):
    enabled = {"evaluators": {name: {"enabled": True}}}
    with pytest.raises(ConfigError, match=rf"metrics\.evaluators\.{name}\.enabled"):
        configured(repository, networks="results/micro/micro", metrics=enabled)
    configured(repository, metrics=enabled)
