"""Networks of a finished experiment or of a bundle: taken to the byte, and refused where the settings
differ."""

import json

import pytest

from talkface.artifacts.given_networks import given_history, given_notes, given_weights
from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_table
from talkface.bundles.manifest import BundleError
from talkface.bundles.reading import PACKAGED, read_bundle
from talkface.config import ConfigError, merge, read_config, validate
from talkface.config.evaluators import Evaluators
from talkface.evaluation.needs import controls_of, trainings_behind
from talkface.jobs.take_evaluator import OF_TRAINING, take_evaluator
from talkface.jobs.take_networks import OtherNetworksError, take_networks


def configured(repository, **changes):
    return validate(
        json.loads(
            read_config([repository / "config.yaml", repository / "configs/micro.yaml"]).model_dump_json()
        )
        | changes
    )


def take(tmp_path, here, there, stage="autoencoder", trained="shared"):
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
        stage=stage, trained=trained, seed=0, given_model=given / model.name,
        given_history=given / history.name, notes=given / "setup.json", config=here, model=model,
        history=history,
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
    assert take(tmp_path, here, there, stage, trained) == (b"weights", b"history")


@pytest.mark.parametrize(
    ("changes", "stage", "trained", "said"),
    [
        ({"mel": {"bands": 20}}, "autoencoder", "shared", "mel.bands: 20 here, 13 there"),
        ({"video": {"crop_size": 96}}, "au_attention", "shared", "video.crop_size: 96 here, 112 there"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, repository, changes, stage, trained, said):
    with pytest.raises(OtherNetworksError, match=said):
        take(tmp_path, configured(repository, **changes), configured(repository), stage, trained)


def test_an_unknown_variant_and_a_damaged_note_are_refused(tmp_path, repository):
    config = configured(repository)
    with pytest.raises(OtherNetworksError, match="'wide' is not there"):
        (tmp_path / "one").mkdir()
        take(tmp_path / "one", config, config, "renderer", "wide")
    with pytest.raises(OtherNetworksError, match=r"setup\.json: not a configuration"):
        (tmp_path / "two").mkdir()
        take(tmp_path / "two", config, "{}")


def test_a_split_that_trains_on_nobody_needs_networks(repository):
    with pytest.raises(ConfigError, match="trains on nobody"):
        configured(repository, splits={"micro": {"seen": [], "unseen": ["s1"]}})


def take_an_evaluator(tmp_path, repository, name, here, there):
    """What rule take_evaluator makes of a finished experiment with these settings of the evaluator."""
    one, other = (
        configured(repository, metrics={"evaluators": {name: {"enabled": True} | own}})
        for own in (here, there)
    )
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "history.parquet").write_bytes(b"history")
    note = {"source": {"config": other.model_dump(mode="json")}}
    (tmp_path / "setup.json").write_text(json.dumps(note))
    model, history = tmp_path / "taken.safetensors", tmp_path / "taken.parquet"
    take_evaluator(
        evaluator=name, given_model=tmp_path / "model.safetensors", notes=tmp_path / "setup.json",
        given_history=tmp_path / "history.parquet", config=one, model=model, history=history,
    )  # fmt: skip
    return model.read_bytes(), history.read_bytes()


@pytest.mark.parametrize(
    ("name", "trained_otherwise"),
    [
        ("sync_evaluator", {"training": {"samples": 99}, "seed": 3, "clips_per_group": 2, "least_gain": 0.2}),
        ("lip_reader", {"training": {"samples": 99}, "seed": 3, "tempo": 0.1, "most_wrong": 0.9}),
    ],
)
def test_an_evaluator_is_taken_to_the_byte_however_it_was_trained(
    tmp_path, repository, name, trained_otherwise
):
    taken = take_an_evaluator(tmp_path, repository, name, {}, trained_otherwise)
    assert taken == (b"weights", b"history")


@pytest.mark.parametrize(
    ("name", "other", "said"),
    [
        ("sync_evaluator", {"embedding": 64}, "sync_evaluator.embedding: 128 here, 64 there"),
        ("lip_reader", {"grammar": [["yes", "no"]]}, r"lip_reader\.grammar: .* there"),
    ],
)
def test_another_evaluator_is_refused_by_field(tmp_path, repository, name, other, said):
    with pytest.raises(OtherNetworksError, match=rf"metrics\.evaluators\.{said}"):
        take_an_evaluator(tmp_path, repository, name, {}, other)


def test_each_field_of_an_evaluator_is_the_networks_or_its_trainings():
    """A new field belongs to one side: what the network is made of, or how it is trained."""
    made_of = {"sync_evaluator": {"width", "embedding"}}
    made_of["lip_reader"] = {"grammar", "width", "features", "dropout"}
    sections = Evaluators.model_fields
    of_training = {
        name: set(type(own.default).model_fields) - made_of[name] for name, own in sections.items()
    }
    assert set.union(*of_training.values()) == OF_TRAINING


def of_bundle(repository, **changes):
    """The experiment that measures the bundle in the package."""
    overlays = [repository / name for name in ("config.yaml", "configs/real.yaml", "configs/packaged.yaml")]
    return validate(merge(json.loads(read_config(overlays).model_dump_json()), changes))


def take_of_bundle(tmp_path, config, bundle=PACKAGED, trained="warp", seed=0):
    where = (bundle, "renderer", trained, seed)
    model, history = tmp_path / "taken/model.safetensors", tmp_path / "taken/history.parquet"
    model.parent.mkdir()
    take_networks(
        stage="renderer", trained=trained, seed=seed, given_model=given_weights(*where),
        given_history=given_history(*where), notes=given_notes(bundle), config=config, model=model,
        history=history,
    )  # fmt: skip
    return model, history


def test_a_bundles_network_is_taken_to_the_byte_and_its_length_noted(tmp_path, repository):
    model, history = take_of_bundle(tmp_path, of_bundle(repository))
    assert model.read_bytes() == (PACKAGED / "renderer.safetensors").read_bytes()
    samples = read_bundle(PACKAGED).networks["renderer"].samples
    assert read_table(history, HISTORY)["samples"].to_pylist() == [samples]


@pytest.mark.parametrize(
    ("changes", "trained", "seed", "said"),
    [
        ({"mel": {"bands": 20}}, "warp", 0, "mel.bands: 20 here, 13 there"),
        ({"warp_renderer": {"width": 48}}, "warp", 0, "variants.warp.width: 48 here, 32 there"),
        ({}, "a_with_photo", 0, "variants: 'a_with_photo' here, 'warp' there"),
        ({}, "warp", 1, "seeds: 1 here, 0 there"),
    ],
)
def test_a_bundle_of_other_settings_is_refused_by_name(tmp_path, repository, changes, trained, seed, said):
    config = of_bundle(repository, **changes)
    with pytest.raises(OtherNetworksError, match=said):
        take_of_bundle(tmp_path, config, trained=trained, seed=seed)


def test_a_damaged_bundle_is_refused(tmp_path, repository):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for path in PACKAGED.iterdir():
        (bundle / path.name).write_bytes(path.read_bytes()[: -1 if path.suffix == ".safetensors" else None])
    with pytest.raises(BundleError, match=r"renderer\.safetensors"):
        take_of_bundle(tmp_path, of_bundle(repository), bundle)


def test_without_an_autoencoder_there_is_no_row_through_it(repository):
    measured, trained = (of_bundle(repository, networks=place) for place in (str(PACKAGED), None))
    assert "autoencoder" in controls_of(trained, ["warp"]) and ("autoencoder", "shared") in trainings_behind(
        trained, ["warp"]
    )
    assert controls_of(measured, ["warp"]) == ["ground_truth", "static", "mean_mouth"]
    assert trainings_behind(measured, ["warp"]) == [("renderer", "warp")]
