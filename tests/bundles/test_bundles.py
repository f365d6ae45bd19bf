"""A bundle is written from an experiment, holds what its variant needs and no more, and is read elsewhere."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import REPOSITORY
from untrained_experiment import EXPERIMENT, configured, note_setup, talkface, untrained

from talkface.animation.animator import open_animator
from talkface.animation.networks import Networks, load_networks
from talkface.animation.portrait import identity_of_face
from talkface.artifacts.weights import load_model
from talkface.bundles.model import find_model
from talkface.bundles.reading import read_bundle
from talkface.bundles.writing import export
from talkface.data.stores import identity_of
from talkface.features.alignment import AlignedFrame
from talkface.jobs.disentangle_faces import keep_whole, take_apart
from talkface.jobs.encode_first_faces import without_latents
from talkface.media.photo import read_photo
from talkface.media.video import read_frames
from talkface.models.au_attention import AuGenerator
from talkface.models.autoencoder import VQAutoencoder
from talkface.preflight.source import source_of

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("bundles"))


@pytest.mark.parametrize(
    ("variant", "networks"),
    [
        ("warp", {"renderer"}),
        ("a_with_photo", {"renderer"}),
        ("b_full", {"renderer", "audio_to_au"}),
        ("ours", {"renderer", "audio_to_au", "au_attention", "autoencoder"}),
    ],
)
def test_a_bundle_holds_what_its_variant_needs_and_no_more(folder, tmp_path, variant, networks):
    manifest = export(folder / EXPERIMENT, tmp_path / "made", variant=variant)
    assert set(manifest.networks) == networks
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert names == {"bundle.json", "README.md", *(f"{name}.safetensors" for name in networks)}
    assert manifest == read_bundle(tmp_path / "made")
    load_networks(find_model(tmp_path / "made"), CPU)
    assert str(folder) not in (tmp_path / "made" / "bundle.json").read_text()  # no place of this machine


def test_the_card_says_what_the_networks_are(folder, tmp_path):
    manifest = export(folder / EXPERIMENT, tmp_path / "made", variant="warp", preview=True)
    card = (tmp_path / "made" / "README.md").read_text()
    for words in ("A preview", "Intended use", "drawn faces", "Limits", "no use for photos of people", "s1"):
        assert words in card
    assert manifest.origin.sha256 in card and manifest.licence == "Apache-2.0"
    assert "exported before its clips were scored" in card


def test_the_experiments_hash_changes_with_its_weights(folder, tmp_path):
    first = export(folder / EXPERIMENT, tmp_path / "a", variant="warp")
    assert export(folder / EXPERIMENT, tmp_path / "b", variant="warp") == first
    assert export(folder / EXPERIMENT, tmp_path / "c", variant="b_full").origin.sha256 != first.origin.sha256


def test_a_bundle_is_replaced_and_nothing_else(folder, tmp_path):
    export(folder / EXPERIMENT, tmp_path / "made", variant="warp")
    export(folder / EXPERIMENT, tmp_path / "made", variant="b_full")
    assert set(read_bundle(tmp_path / "made").networks) == {"renderer", "audio_to_au"}
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    done = talkface("export", str(folder / EXPERIMENT), "-o", str(folder))
    assert done.exit_code == 4 and "neither an empty folder nor a bundle" in done.stderr
    assert (folder / EXPERIMENT).is_dir()


def test_a_corpus_whose_terms_are_not_known_needs_a_licence(folder, tmp_path):
    other = {"corpus": {"name": "micro", "reader": "folder", "demo": False, "synthetic": None}}
    note_setup(folder, other)
    try:
        words = ("export", str(folder / EXPERIMENT), "--variant", "warp", "-o", str(tmp_path / "made"))
        done = talkface(*words)
        assert done.exit_code == 4 and "--licence: the terms of corpus 'micro' are not known" in done.stderr
        assert talkface(*words, "--licence", "CC-BY-NC-4.0").exit_code == 0
        assert read_bundle(tmp_path / "made").licence == "CC-BY-NC-4.0"
    finally:
        note_setup(folder)


def measuring(folder, networks):
    """An experiment that uses given networks: their weights are in its folder."""
    place = folder / "results/later/micro"
    weights = place / "train/renderer/warp/seed-0/model.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / EXPERIMENT / "train/renderer/warp/seed-0/model.safetensors", weights)
    config = configured({"experiment": "later", "networks": str(networks)})
    (place / "setup.json").write_text(json.dumps({"source": source_of(config)}))
    return place


@pytest.mark.parametrize("given", ["made", EXPERIMENT])
def test_given_networks_keep_their_origin(folder, tmp_path, given):
    """Of a bundle, or of an experiment, whichever experiment measures them later."""
    first = export(folder / EXPERIMENT, folder / "made", variant="warp", preview=True, licence="CC0-1.0")
    later = export(measuring(folder, given), tmp_path / "again", variant="warp")
    for field in ("name", "origin", "data", "networks"):
        assert getattr(later, field) == getattr(first, field), field
    assert later.files["renderer.safetensors"] == first.files["renderer.safetensors"]
    if given == "made":
        assert later.preview and later.licence == "CC0-1.0"
        assert export(measuring(folder, folder / "made"), folder / "made", variant="warp") == later


def test_given_networks_that_were_changed_since_are_refused(folder, tmp_path):
    export(folder / EXPERIMENT, folder / "made", variant="warp")
    place = measuring(folder, "made")
    weights = place / "train/renderer/warp/seed-0/model.safetensors"
    shutil.copyfile(folder / EXPERIMENT / "train/renderer/a_with_photo/seed-0/model.safetensors", weights)
    done = talkface("export", str(place), "--variant", "warp", "-o", str(tmp_path / "again"))
    assert done.exit_code == 4 and "not the weights in" in done.stderr


@pytest.mark.slow
def test_figures_of_a_finished_experiment_are_those_of_its_table(finished_micro, tmp_path):
    manifest = export(finished_micro / EXPERIMENT, tmp_path / "made", variant="warp")
    [psnr] = [
        figure for figure in manifest.figures if (figure.subset, figure.measure) == ("unseen_test", "psnr_db")
    ]
    table = (finished_micro / EXPERIMENT / "tables/main_results.csv").read_text().splitlines()
    names, rows = table[0].split(","), [line.split(",") for line in table[1:]]
    [row] = [row for row in rows if {"warp", "unseen_test"} <= set(row)]
    assert psnr.value == pytest.approx(float(row[names.index("psnr_db")]), abs=5e-3)
    assert psnr.low is None and psnr.speakers == 1  # one speaker has no interval
    assert psnr.lowest == psnr.highest == psnr.value
    [still] = [row for row in rows if {"static", "unseen_test"} <= set(row)]
    assert psnr.static == pytest.approx(float(still[names.index("psnr_db")]), abs=5e-3)
    assert manifest.measured is not None and manifest.measured.experiment == "micro"
    card = (tmp_path / "made" / "README.md").read_text()
    assert "**Unseen speakers**" in card and "| PSNR dB | higher |" in card
    assert manifest.measured.config_sha256 in card


@pytest.mark.parametrize("disentangled", [True, False])
def test_faces_are_taken_apart_as_the_rules_do_it(folder, monkeypatch, disentangled):
    """Without the detour by a table, and without the autoencoder where nobody needs it."""
    train = folder / EXPERIMENT / "train"
    attention = load_model(train / "au_attention/shared/seed-0/model.safetensors", AuGenerator)
    autoencoder = load_model(train / "autoencoder/shared/seed-0/model.safetensors", VQAutoencoder)
    rng = np.random.default_rng(0)
    image_HW3 = rng.integers(0, 256, (112, 112, 3), np.uint8)
    points = rng.uniform(0, 112, (478, 3)).astype(np.float32)
    raw_A = rng.uniform(0, 5, 5).astype(np.float32)
    monkeypatch.setattr("talkface.animation.portrait.label_face", lambda *_: raw_A)
    face = AlignedFrame(image_HW3, points, np.eye(2, 3, dtype=np.float32), True)
    model = find_model(folder / EXPERIMENT, "ours")
    networks = Networks(autoencoder, None, attention if disentangled else None, autoencoder)
    found = identity_of_face(face, model, networks, "photo")
    columns = (
        take_apart(attention, autoencoder, image_HW3, points.ravel(), raw_A)
        if disentangled
        else keep_whole(autoencoder, image_HW3, points.ravel())
    )
    wanted = identity_of(columns, 112)
    for name, value in vars(wanted).items():
        assert torch.equal(getattr(found, name), value), name
    without = identity_of_face(face, model, Networks(autoencoder, None, None, None), "photo")
    assert without.identity_latent.numel() == 0 and torch.equal(without.image_HW3, wanted.image_HW3)
    if not disentangled:
        stored = identity_of(without_latents(image_HW3, points.ravel()), 112)
        assert stored.identity_latent.numel() == stored.masked_latent.numel() == 0
        for name in ("image_HW3", "points_P2", "mask_1HW", "audio_face_HW3"):
            assert torch.equal(getattr(stored, name), getattr(wanted, name)), name


def test_a_bundle_animates_as_its_experiment_does(folder, tmp_path):
    export(folder / EXPERIMENT, tmp_path / "made", variant="warp")
    photo, sound = read_photo(folder / "it's a face.png"), folder / "speech.wav"
    films = [
        list(open_animator(place, variant="warp").animate(photo, sound, crop=True))
        for place in (folder / EXPERIMENT, tmp_path / "made")
    ]
    assert len(films[0]) == len(films[1]) == 28
    assert all(map(np.array_equal, *films))


@pytest.mark.slow
def test_three_lines_of_python_as_the_readme_shows_them(folder, tmp_path):
    """From another working directory."""
    text = (REPOSITORY / "README.md").read_text()
    shown = text.split("```python\n")[1].split("```")[0]
    assert [line.split(" #")[0].rstrip() for line in shown.splitlines() if line] == [
        "import talkface",
        'film = talkface.load().animate("face.jpg", "voice.wav")',
        'film.write("film.mp4")',
    ]
    export(folder / EXPERIMENT, tmp_path / "made", variant="warp")
    code = shown.replace("load()", f"load({str(tmp_path / 'made')!r})")
    code = code.replace('"face.jpg"', repr(str(folder / "it's a face.png")))
    code = code.replace('"voice.wav"', repr(str(folder / "speech.wav")))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(list(read_frames(elsewhere / "film.mp4"))) == 28


def test_info_tells_data_code_and_hash(folder, tmp_path):
    export(folder / EXPERIMENT, tmp_path / "made", variant="warp")
    told = json.loads(talkface("info", str(tmp_path / "made"), "--json").stdout)
    assert told["data"]["seen"] == ["s1"] and told["origin"]["experiment"] == "micro"
    assert "commit" in talkface("info", str(tmp_path / "made")).stdout
    weights = folder / EXPERIMENT / "train/renderer/warp/seed-0/model.safetensors"
    assert "stage: warp_renderer" in talkface("info", str(weights)).stdout
    assert "variants: ours, " in talkface("info", str(folder / EXPERIMENT)).stdout
    assert talkface("info", str(folder / "speech.wav")).exit_code == 3
    assert talkface("info", str(folder / "nothing")).exit_code == 4


def test_the_configuration_of_an_experiment_is_read_back_whole(folder):
    from talkface.bundles.experiment import read_experiment

    assert read_experiment(folder / EXPERIMENT).config == configured()
