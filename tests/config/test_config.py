import json
import re
from functools import reduce
from pathlib import Path

import pytest
import yaml
from configurations import DEFAULT, refused
from conftest import REPOSITORY

from talkface.config import Config, ConfigError, Split, merge, validate
from talkface.config.describing import document, schema, schema_json

OVERLAYS = sorted((REPOSITORY / "configs").glob("*.yaml"))
VARIANTS = yaml.safe_load((REPOSITORY / "configs" / "variants.yaml").read_text())
NAMES_ONLY = {"variants", "main", "tables"}
"""Sections that say which rows there are; an overlay of these alone goes with every experiment."""
ROW = {"title": "T", "source": "paper Z, table 1"}


def test_default_is_the_demo():
    config = validate(DEFAULT)
    assert config.corpus.demo and config.corpus.synthetic is not None
    assert config.corpus.synthetic.speakers >= 6


def named_before(path: Path) -> list[Path]:
    """Overlays that the command in an overlay's head lays below it."""
    head = re.sub(r"\\\n#", "", path.read_text().split("\n\n")[0])
    words = re.findall(r"configs/\w+\.yaml", head)
    own = f"configs/{path.name}"
    return [path.parents[1] / word for word in words[: words.index(own)]] if own in words else []


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
def test_overlays_are_valid(path):
    overlay = yaml.safe_load(path.read_text())
    rows = set(overlay) <= NAMES_ONLY  # such an overlay may name the variants of the papers' tables
    below = [] if rows else [yaml.safe_load(other.read_text()) for other in named_before(path)]
    config = validate(reduce(merge, [DEFAULT, VARIANTS if rows else {}, *below, overlay]))
    if rows:
        assert config.model_copy(update=dict.fromkeys(NAMES_ONLY)) == validate(DEFAULT).model_copy(
            update=dict.fromkeys(NAMES_ONLY)
        ), "it adds rows to any experiment and changes none"
    else:
        assert config.experiment != "demo", "an overlay must not write into the demo's results"


def test_there_are_overlays_for_tests_paper_and_corpora():
    assert {path.stem for path in OVERLAYS} >= {"micro", "paper", "grid", "real", "variants"}


def test_every_field_is_described_in_its_document():
    text = (REPOSITORY / "docs/config.md").read_text()
    assert text == document(), "run: python -m talkface.config docs > docs/config.md"
    for model in schema()["$defs"].values():
        for name, field in model["properties"].items():
            assert field["description"].endswith("."), name
    sections = set(re.findall(r"\]\(#(\w+)\)", text))
    assert sections <= {heading.lower() for heading in re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)}


def test_schema_file_is_generated():
    text = (REPOSITORY / "config.schema.json").read_text()
    assert text == schema_json(), "run: python -m talkface.config schema > config.schema.json"
    assert set(json.loads(text)["properties"]) == set(Config.model_fields)


@pytest.mark.parametrize(
    ("overlay", "named"),
    [
        ({"sampler": {"stepz": 3}}, "sampler.stepz"),
        ({"samplr": {"steps": 3}}, "samplr"),
        ({"sampler": {"steps": 0}}, "sampler.steps"),
        ({"autoencoder": {"training": {"samples": "many"}}}, "autoencoder.training.samples"),
        ({"split": "nowhere"}, "nowhere"),
        ({"splits": {"demo": {"unseen": ["s1"]}}}, "splits.demo"),
        ({"splits": {"demo": {"appearance": ["s1"]}}}, "speakers ['s1'] are both seen and appearance"),
        ({"variants": {"ours": {"mel": {"bands": 20}}}}, "variants.ours"),
        ({"variants": {"static": {}}}, "variants.static"),
        ({"variants": {"ours_other_sound": {}}}, "variants.ours_other_sound"),
        ({"variants": {"au_classifier": {}}}, "variants.au_classifier"),
        ({"experiment": "../elsewhere"}, "experiment"),
        ({"main": ["ours", "absent"]}, "main: ['absent']"),
        ({"tables": {"own": {**ROW, "rows": [{"variant": "absent"}]}}}, "tables.own.rows: ['absent']"),
        ({"tables": {"own": {**ROW, "rows": [], "columns": "all"}}}, "tables.own.columns"),
        ({"tables": {"main_results": {**ROW, "rows": []}}}, "'main_results'"),
        ({"tables": {"contact_sheet": {**ROW, "rows": []}}}, "'contact_sheet'"),
        ({"perceptual": {"vgg19": "vgg19.pth"}}, "vgg19_sha256: give the checksum"),
        ({"renderer": {"speech": []}}, "nothing drives the mouth"),
        ({"frame_renderer": {"oracle_aus": True, "speech": ["audio"]}}, "oracle_aus: needs 'aus'"),
        ({"frame_renderer": {"losses": {"gan": 0.1}}}, "frame_renderer.losses.gan"),
        ({"mfcc": {"coefficients": 13}}, "mfcc.coefficients"),
    ],
)
def test_mistakes_are_refused_by_field(overlay, named):
    assert named in refused(overlay)


def test_all_mistakes_are_told_at_once():
    message = refused({"sampler": {"steps": 0}, "gallery": {"clips": 1}})
    assert "sampler.steps" in message and "gallery.clips" in message


def test_root_is_short_for_the_corpus_root():
    config = validate(DEFAULT | {"root": "/somewhere/grid"})
    assert str(config.corpus.root) == "/somewhere/grid"
    assert config.corpus.name == validate(DEFAULT).corpus.name


def test_split_that_names_absent_speakers_is_refused():
    config = validate(DEFAULT)
    config.check_speakers(["s1", "s2", "s3", "s4", "s5", "s6", "s7"])
    with pytest.raises(ConfigError, match=r"splits\.demo\.unseen.*'s6'"):
        config.check_speakers(["s1", "s2", "s3", "s4", "s5"])


def test_a_split_without_an_appearance_is_written_as_before_there_was_that_role():
    assert "appearance" not in Split(unseen=["s1"]).model_dump()
    assert Split(unseen=["s1"], appearance=["s2"]).model_dump()["appearance"] == ["s2"]


def test_merge_leaves_its_arguments_alone():
    base = {"a": {"b": 1, "c": [1, 2]}}
    assert merge(base, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}}
    assert base == {"a": {"b": 1, "c": [1, 2]}}


def test_sections_are_frozen():
    config = validate(DEFAULT)
    with pytest.raises(ValueError, match="frozen"):
        config.sampler.steps = 3


def test_the_autoencoders_factor_is_four_and_its_latents_have_channels():
    """Latents are read as a quarter of the crop's size; how many channels they have is free."""
    assert "autoencoder.multipliers" in refused({"autoencoder": {"multipliers": [1, 2]}})
    assert "autoencoder.multipliers" in refused({"autoencoder": {"multipliers": [1, 2, 2, 4]}})
    assert "autoencoder.latent_channels" in refused({"autoencoder": {"latent_channels": 0}})
    config = validate(merge(DEFAULT, {"autoencoder": {"latent_channels": 4, "multipliers": [1, 1, 2]}}))
    assert config.autoencoder.latent_channels == 4
