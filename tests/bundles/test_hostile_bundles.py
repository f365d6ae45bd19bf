"""A bundle that was changed, cut off or made with bad intent is refused in one line."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from untrained_experiment import EXPERIMENT, talkface, untrained

from talkface.animation.networks import load_networks
from talkface.artifacts.headers import WEIGHTS_KEY
from talkface.artifacts.weights import read_metadata, read_settings, write_tensors
from talkface.bundles.manifest import BundleError, seal
from talkface.bundles.model import find_model
from talkface.bundles.reading import read_bundle
from talkface.bundles.tensor_file import check_tensor_file
from talkface.bundles.writing import export

CPU = torch.device("cpu")
WEIGHTS = "renderer.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = untrained(tmp_path_factory.mktemp("hostile"))
    export(folder / EXPERIMENT, folder / "bundle", variant="warp")
    return folder


@pytest.fixture
def bundle(whole, tmp_path) -> Path:
    return Path(shutil.copytree(whole / "bundle", tmp_path / "bundle"))


def content_of(bundle: Path) -> dict:
    content = json.loads((bundle / "bundle.json").read_text())
    del content["sha256"]
    return content


def resealed(bundle: Path, content: dict) -> Path:
    """As its author would write it: every hash is right."""
    for name in content["files"]:
        if (bundle / name).is_file():
            told = (bundle / name).read_bytes()
            content["files"][name] = {"sha256": hashlib.sha256(told).hexdigest(), "bytes": len(told)}
    (bundle / "bundle.json").write_text(seal(content))
    return bundle


def refusal(bundle: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_networks(find_model(bundle), CPU)
    said = str(caught.value)
    assert "\n" not in said and ";" in said, said
    return said


def test_the_whole_one_is_read(bundle):
    load_networks(find_model(bundle), CPU)
    load_networks(find_model(resealed(bundle, content_of(bundle))), CPU)


@pytest.mark.parametrize("name", [WEIGHTS, "README.md", "bundle.json"])
def test_a_turned_bit_is_seen(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    place = content.find(b"licence") + 12 if name == "bundle.json" else len(content) // 2
    content[place] ^= 1
    (bundle / name).write_bytes(content)
    said = refusal(bundle)
    assert name in said and ("SHA-256" in said or "sha256" in said or "not JSON" in said)


@pytest.mark.parametrize("name", [WEIGHTS, "README.md", "bundle.json"])
def test_a_truncated_file_is_seen(bundle, name):
    content = (bundle / name).read_bytes()
    (bundle / name).write_bytes(content[: len(content) // 2])
    assert name in refusal(bundle)


@pytest.mark.parametrize("name", [WEIGHTS, "README.md"])
def test_a_missing_file_is_seen(bundle, name):
    (bundle / name).unlink()
    assert name in refusal(bundle) and "missing" in refusal(bundle)


def changed(**fields):
    return lambda content: content.update(fields)


def set_at(*path, value):
    def change(content):
        for name in path[:-1]:
            content = content[name]
        content[path[-1]] = value

    return change


FILE = {"sha256": "0" * 64, "bytes": 3}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed(version=2), ["field 'version': 2", "upgrade talkface"]),
        (changed(version="1"), ["field 'version': '1'"]),
        (changed(format="other"), ["field 'format'"]),
        (changed(surprise=1), ["field 'surprise'", "Extra inputs"]),
        (set_at("settings", "sampler", "surprise", value=1), ["settings.sampler.surprise"]),
        (lambda content: content.pop("licence"), ["field 'licence'"]),
        (set_at("files", "../../outside.safetensors", value=FILE), ["outside.safetensors"]),
        (set_at("files", "/etc/passwd", value=FILE), ["/etc/passwd"]),
        (set_at("files", "sub/renderer.safetensors", value=FILE), ["sub/renderer"]),
        (set_at("files", "code.safetensors", value=FILE), ["files must be"]),
        (set_at("files", "run.py", value=FILE), ["run.py"]),
        (set_at("files", WEIGHTS, "bytes", value=-1), ["files.renderer.safetensors.bytes"]),
        (set_at("networks", "other", value={"stage": "x", "samples": 1, "code": ""}), ["networks.other"]),
        (changed(networks={}), ["networks.renderer is missing"]),
        (set_at("settings", "aus", "openface_program", value="/bin/sh"), ["neither files nor programs"]),
        (set_at("settings", "faces", "landmarker", value="/etc/passwd"), ["neither files nor programs"]),
        (set_at("settings", "sampler", "batch_frames", value=10**9), ["no batch and no window"]),
        (set_at("settings", "sampler", "kind", value="../evil"), ["settings.sampler.kind"]),
        (set_at("settings", "video", "crop_size", value=10**6), ["settings.video.crop_size"]),
        (set_at("name", value="../../x"), ["field 'name'"]),
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_named(bundle, change, words):
    content = content_of(bundle)
    change(content)
    files = dict(content["files"])
    (bundle / "bundle.json").write_text(seal(content | {"files": files}))
    said = refusal(bundle)
    assert "bundle.json" in said and all(word in said for word in words), said


@pytest.mark.parametrize("text", ["", "[" * 100_000, "null", '"talkface-bundle"', "[1]", "\x00"])
def test_a_manifest_that_is_none_is_refused(bundle, text):
    (bundle / "bundle.json").write_text(text)
    assert "bundle.json" in refusal(bundle)


def test_a_huge_manifest_is_not_read(bundle):
    with (bundle / "bundle.json").open("ab") as file:
        file.truncate(10_000_000_000)
    assert "larger than" in refusal(bundle)


def header_of(bundle: Path) -> tuple[dict, bytes]:
    content = (bundle / WEIGHTS).read_bytes()
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def with_header(bundle: Path, header: dict | bytes, data: bytes, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    told = (len(text) if length is None else length).to_bytes(8, "little")
    (bundle / WEIGHTS).write_bytes(told + text + data)
    return resealed(bundle, content_of(bundle))


@pytest.mark.parametrize("length", [2**63, 2**40, 5_000_000])
def test_a_huge_header_is_not_read(bundle, length):
    said = refusal(with_header(bundle, *header_of(bundle), length=length))
    assert WEIGHTS in said and f"said to have {length} bytes" in said


@pytest.mark.parametrize("header", [b"{", b"[1]", b"[" * 100_000, b"\xff\xfe"])
def test_a_header_that_is_no_list_of_tensors_is_refused(bundle, header):
    assert WEIGHTS in refusal(with_header(bundle, header, b""))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"dtype": "F64"}, "dtype 'F64'"),
        ({"dtype": "F16"}, "dtype 'F16'"),
        ({"dtype": None}, "dtype None"),
        ({"shape": [2**62, 2**62]}, "do not fit its shape"),
        ({"shape": [-1]}, "none below 0"),
        ({"data_offsets": [0, 2**60]}, "do not fit"),
        ({"data_offsets": [0]}, "whole numbers"),
        ({"surprise": 1}, "must have dtype"),
    ],
)
def test_a_tensor_that_cannot_be_is_named(bundle, told, words):
    header, data = header_of(bundle)
    name = next(name for name in header if name != "__metadata__")
    header[name] |= told
    said = refusal(with_header(bundle, header, data))
    assert f"tensor '{name}'" in said and words in said


def rewritten(
    bundle: Path, settings: dict | None = None, stage: str = "", tensors=lambda found: found
) -> Path:
    """Weights that talkface itself could have written, with other settings or tensors."""
    path = bundle / WEIGHTS
    metadata = read_metadata(path) | ({"stage": stage} if stage else {})
    content = {"settings": read_settings(path) | (settings or {}), "metadata": metadata, "versions": {}}
    write_tensors(path, tensors(load_file(path)), json.dumps(content))
    return resealed(bundle, content_of(bundle))


def test_weights_of_another_type_are_named(bundle):
    said = refusal(rewritten(bundle, tensors=lambda found: found | {"mix.bias": found["mix.bias"].long()}))
    assert "tensor 'mix.bias'" in said and "I64" in said and "F32" in said


def test_a_missing_tensor_is_named(bundle):
    def without(found):
        del found["mix.bias"]
        return found

    assert "tensor 'mix.bias': missing" in refusal(rewritten(bundle, tensors=without))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 10**12}, "is more than"),
        ({"multipliers": [1] * 100_000}, "is more than"),
        ({"code_width": 4096, "mixtures": 4096, "photo_maps": 4096}, "the network needs"),  # 256 GiB
        ({"surprise": 1}, "no network 'warp_renderer'"),
        ({"speech": ["__import__('os')"]}, "no network 'warp_renderer'"),
        ({"width": "wide"}, "no network 'warp_renderer'"),
    ],
)
def test_settings_that_its_weights_do_not_have_are_refused_before_a_network_is_built(bundle, settings, words):
    assert words in refusal(rewritten(bundle, settings))


@pytest.mark.parametrize("stage", ["os", "talkface.cli.main", "../../evil", "renderer"])
def test_a_stage_is_no_module_to_be_imported(bundle, stage):
    said = refusal(rewritten(bundle, stage=stage))
    assert WEIGHTS in said


def test_weights_that_talkface_did_not_write_are_refused(bundle):
    header, data = header_of(bundle)
    header["__metadata__"][WEIGHTS_KEY] = "nothing"
    with pytest.raises(ValueError, match=WEIGHTS):
        load_networks(find_model(with_header(bundle, header, data)), CPU)


def test_no_prefix_of_a_weights_file_gets_through(bundle, tmp_path):
    content = (bundle / WEIGHTS).read_bytes()
    cut = tmp_path / "cut.safetensors"
    for length in (0, 1, 7, 8, 9, 100, len(content) // 2, len(content) - 1):
        cut.write_bytes(content[:length])
        with pytest.raises(BundleError, match=r"cut\.safetensors"):
            check_tensor_file(cut)


def test_the_command_refuses_with_a_code_of_its_own(bundle, whole, monkeypatch):
    monkeypatch.chdir(whole)
    (bundle / WEIGHTS).write_bytes(b"")
    done = talkface("generate", "it's a face.png", "speech.wav", "--model", str(bundle), "-o", "never.mp4")
    assert done.exit_code == 4 and "has 0 bytes" in done.stderr and not (whole / "never.mp4").exists()
    assert talkface("info", str(bundle)).exit_code == 4
    assert "missing  model" in talkface("doctor", "--model", str(bundle)).stdout


def test_links_out_of_the_bundle_have_to_hash_right_too(bundle, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (bundle / "README.md").unlink()
    (bundle / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(BundleError, match="bytes"):
        read_bundle(bundle)
