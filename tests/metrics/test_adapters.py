"""Networks of other people with random weights of the published names and shapes, against plain functions."""

import sys
import types

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from talkface.metrics.clip import Clip, StateDict
from talkface.metrics.families import fd_vgg16, lpips, st_lpips, sync
from talkface.metrics.lip_sync import of_curve, padded_distances
from talkface.metrics.networks.fitting import WeightsError, fitted
from talkface.metrics.networks.lpips import Lpips, lpips_tensors
from talkface.metrics.networks.vgg16 import Vgg16, vgg16_tensors

SYNCNET_SOUND = {0: (64, 1, 3, 3), 4: (192, 64, 3, 3), 8: (384, 192, 3, 3), 11: (256, 384, 3, 3),
                 14: (256, 256, 3, 3), 18: (512, 256, 5, 4)}  # fmt: skip
SYNCNET_LIPS = {0: (96, 3, 5, 7, 7), 4: (256, 96, 1, 5, 5), 8: (256, 256, 1, 3, 3), 11: (256, 256, 1, 3, 3),
                14: (256, 256, 1, 3, 3), 18: (512, 256, 1, 6, 6)}  # fmt: skip
ALEXNET = {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3),
           10: (256, 256, 3, 3)}  # fmt: skip
VGG16 = dict(zip(
    (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    ((64, 3), (64, 64), (128, 64), (128, 128), (256, 128), (256, 256), (256, 256), (512, 256),
     *[(512, 512)] * 5), strict=True,
))  # fmt: skip
RNG = torch.Generator().manual_seed(0)


def layer(shape, gain=1.4):
    inputs = int(np.prod(shape[1:]))
    return {
        "weight": torch.randn(shape, generator=RNG) * gain / inputs**0.5,
        "bias": torch.randn(shape[0], generator=RNG) * 0.1,
    }


def normalisation(width):
    return {
        "weight": torch.rand(width, generator=RNG) + 0.5,
        "bias": torch.randn(width, generator=RNG) * 0.1,
        "running_mean": torch.randn(width, generator=RNG) * 0.1,
        "running_var": torch.rand(width, generator=RNG) + 0.5,
    }


def named(prefix, tensors):
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


@pytest.fixture(scope="module")
def syncnet():
    state = {}
    for tower, shapes in (("netcnnaud", SYNCNET_SOUND), ("netcnnlip", SYNCNET_LIPS)):
        for place, shape in shapes.items():
            state |= named(f"{tower}.{place}", layer(shape))
            state |= named(f"{tower}.{place + 1}", normalisation(shape[0]))
    for tower in ("netfcaud", "netfclip"):
        state |= named(f"{tower}.0", layer((512, 512))) | named(f"{tower}.1", normalisation(512))
        state |= named(f"{tower}.3", layer((1024, 512)))
    return state


def run(state, tower, x, steps):
    """Layers as plain functions: numbers are convolutions with their stride and padding, others pools."""
    convolve = F.conv2d if tower == "netcnnaud" else F.conv3d
    for step in steps:
        if callable(step):
            x = step(x)
            continue
        place, stride, padding = step
        x = convolve(x, state[f"{tower}.{place}.weight"], state[f"{tower}.{place}.bias"], stride, padding)
        x = F.relu(normalised(state, f"{tower}.{place + 1}", x))
    head = "netfcaud" if tower == "netcnnaud" else "netfclip"
    x = F.linear(x.flatten(1), state[f"{head}.0.weight"], state[f"{head}.0.bias"])
    x = F.relu(normalised(state, f"{head}.1", x))
    return F.linear(x, state[f"{head}.3.weight"], state[f"{head}.3.bias"])


def normalised(state, name, x):
    values = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    mean, variance, weight, bias = (value.view(1, -1, *[1] * (x.ndim - 2)) for value in values)
    return (x - mean) / (variance + 1e-5).sqrt() * weight + bias


def speaking(frames=14, side=112):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (frames, side, side, 3), dtype=np.uint8)
    sound = rng.normal(0, 0.1, frames * 640).astype(np.float32)
    return pictures, sound


def test_lse_is_what_the_authors_code_computes(syncnet):
    pytest.importorskip("python_speech_features")
    cv2 = pytest.importorskip("cv2")
    from python_speech_features import mfcc

    pictures, sound = speaking()
    state = StateDict("0" * 64, syncnet)
    clip = Clip("s1/a", len(pictures), frames=pictures, sound=sound, weights={"syncnet": state})
    found = sync.score(clip)

    large = np.stack([cv2.resize(frame[..., ::-1].copy(), (224, 224)) for frame in pictures])
    frames = torch.from_numpy(large).float().permute(3, 0, 1, 2)[None]
    cepstra = torch.from_numpy(np.array(mfcc(np.round(sound * 32768).astype(np.int16), 16000)).T).float()
    windows = len(pictures) - 5
    pool = F.max_pool3d
    seen = run(syncnet, "netcnnlip", torch.cat([frames[:, :, at : at + 5] for at in range(windows)]), (
        (0, (1, 2, 2), 0), lambda x: pool(x, (1, 3, 3), (1, 2, 2)),
        (4, (1, 2, 2), (0, 1, 1)), lambda x: pool(x, (1, 3, 3), (1, 2, 2), (0, 1, 1)),
        (8, 1, (0, 1, 1)), (11, 1, (0, 1, 1)), (14, 1, (0, 1, 1)),
        lambda x: pool(x, (1, 3, 3), (1, 2, 2)), (18, 1, 0),
    ))  # fmt: skip
    hops = torch.stack([cepstra[None, :, 4 * at : 4 * at + 20] for at in range(windows)])
    heard = run(syncnet, "netcnnaud", hops, (
        (0, 1, 1), (4, 1, 1), lambda x: F.max_pool2d(x, 3, (1, 2)), (8, 1, 1), (11, 1, 1), (14, 1, 1),
        lambda x: F.max_pool2d(x, 3, 2), (18, 1, 0),
    ))  # fmt: skip
    padded = F.pad(heard, (0, 0, 15, 15))
    mean = torch.stack(
        [F.pairwise_distance(seen[at][None].repeat(31, 1), padded[at : at + 31]) for at in range(windows)]
    ).mean(0)
    least, place = mean.min(0)
    assert found["lse_d"] == (pytest.approx(float(least), rel=1e-4), windows)
    ordered = np.sort(mean.numpy())
    assert found["lse_c"][0] == pytest.approx(ordered[15] - float(least), rel=1e-3, abs=1e-4)
    assert found["sync_offset"][0] == 15 - int(place)
    short = Clip("s1/b", 5, frames=pictures[:5], sound=sound[:3200], weights={"syncnet": state})
    assert sync.score(short)["lse_d"] == (None, 0)


@pytest.mark.parametrize("shift", [-8, -1, 0, 3, 8])
def test_a_known_offset_is_found(shift):
    rng = np.random.default_rng(2)
    sound = rng.normal(size=(80, 16)).astype(np.float32)
    lips = np.roll(sound, -shift, axis=0)  # the lips show now what is heard `shift` frames later
    distance, confidence, offset = of_curve(padded_distances(lips, sound))
    assert offset == -shift and confidence > 2 and distance < 2
    assert of_curve(padded_distances(lips, sound[rng.permutation(80)]))[1] < confidence / 2


def alexnet():
    state = {}
    for place, shape in ALEXNET.items():
        state |= named(f"features.{place}", layer(shape))
    state["classifier.1.weight"] = torch.zeros(4096, 9216)
    heads = {
        f"lin{n}.model.1.weight": torch.rand((1, width, 1, 1), generator=RNG)
        for n, width in enumerate((64, 192, 384, 256, 256))
    }
    return state, heads


def by_functions(state, heads, image, other):
    """LPIPS from the paper's formula."""
    maps = []
    for x in (image, other):
        shift = torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
        x = (x - shift) / torch.tensor([0.458, 0.448, 0.450])[:, None, None]
        own = []
        for place, stride, padding in ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1)):
            if place in (3, 6):
                x = F.max_pool2d(x, 3, 2)
            weight, bias = (state[f"features.{place}.{part}"] for part in ("weight", "bias"))
            x = F.relu(F.conv2d(x, weight, bias, stride, padding))
            own.append(F.normalize(x, dim=1, eps=1e-10))
        maps.append(own)
    return sum(
        ((one - two) ** 2 * heads[f"lin{n}.model.1.weight"]).sum(1).mean((1, 2))
        for n, (one, two) in enumerate(zip(*maps, strict=True))
    )


def test_lpips_is_its_formula_and_nought_for_equal_frames():
    state, heads = alexnet()
    network = fitted(Lpips(), lpips_tensors(state, heads), "weights")
    image, other = torch.rand((2, 2, 3, 112, 112), generator=RNG) * 2 - 1
    assert torch.allclose(network(image, other), by_functions(state, heads, image, other), rtol=1e-4)
    assert torch.allclose(network(image, other), network(other, image))
    assert network(image, image).tolist() == [0, 0]

    pictures = speaking(11)[0]
    weights = {"alexnet": StateDict("1" * 64, state), "lpips_alex": StateDict("2" * 64, heads)}
    value, frames = lpips.score(
        Clip("s1/a", 11, frames=pictures, true_frames=pictures[::-1], weights=weights)
    )["lpips"]
    chosen = torch.from_numpy(pictures[[0, 5, 10]]).permute(0, 3, 1, 2) / 127.5 - 1
    expected = by_functions(state, heads, chosen, chosen.flip(0)).mean()
    assert frames == 3 and value == pytest.approx(float(expected), rel=1e-4)


def test_st_lpips_is_the_packages_own_and_forgives_a_shift(monkeypatch):
    distribution = pytest.importorskip("importlib.metadata").distribution
    try:
        distribution(st_lpips.CARRIER)
    except ModuleNotFoundError:
        pytest.skip("stlpips-pytorch is not installed")
    for name, part in (("IPython", "embed"), ("torchsummary", "summary"), ("torchvision", "models")):
        module = types.ModuleType(name)
        setattr(module, part, None)
        monkeypatch.setitem(sys.modules, name, module)  # it imports them and does not use them here
    from stlpips_pytorch import stlpips

    theirs = stlpips.LPIPS(net="alex", variant="shift_tolerant", verbose=False)
    image, other = torch.rand((2, 2, 3, 64, 64), generator=RNG) * 2 - 1
    with torch.no_grad():
        expected = theirs(image, other).flatten()
        found = st_lpips._network()(image, other)
    assert torch.allclose(found, expected, rtol=1e-5)
    smooth = F.interpolate(torch.rand((1, 3, 12, 12), generator=RNG), (112, 112), mode="bilinear")
    moved = torch.roll(smooth, 1, dims=-1)
    noise = torch.rand((1, 3, 112, 112), generator=RNG)
    distance = st_lpips._network()
    assert distance(smooth, smooth) == 0
    assert distance(smooth, moved) < 0.2 * distance(smooth, noise)


def vgg16():
    state = {}
    for place, shape in VGG16.items():
        state |= named(f"features.{place}", layer((*shape, 3, 3)))
    return state


def vgg_by_functions(state, image):
    x = image
    for place in VGG16:
        if place in (5, 10, 17, 24):
            x = F.max_pool2d(x, 2)
        x = F.relu(F.conv2d(x, state[f"features.{place}.weight"], state[f"features.{place}.bias"], padding=1))
    return x.mean((2, 3))


def test_vgg16_under_torchvisions_and_under_keras_names():
    state = vgg16()
    image = torch.rand((1, 3, 48, 48), generator=RNG)
    mean, deviation = (
        torch.tensor(values)[:, None, None] for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    tensors, caffe = vgg16_tensors(state | {"classifier.0.weight": torch.zeros(4096, 25088)})
    assert not caffe
    found = fitted(Vgg16(), tensors, "weights")(image)
    assert torch.allclose(found, vgg_by_functions(state, (image - mean) / deviation), rtol=1e-3, atol=1e-5)

    keras, places = {"functional_1/dense_1/BiasAdd/ReadVariableOp:0": torch.zeros(4)}, iter(VGG16)
    for block, count in enumerate((2, 2, 3, 3, 3), 1):
        for number in range(1, count + 1):
            place, stem = next(places), f"functional_1/block{block}_conv{number}_1"
            keras[f"{stem}/convolution/ReadVariableOp:0"] = state[f"features.{place}.weight"]
            keras[f"{stem}/Squeeze:0"] = state[f"features.{place}.bias"]
    tensors, caffe = vgg16_tensors(keras)
    assert caffe
    ready = (image * 255 - torch.tensor([123.68, 116.779, 103.939])[:, None, None]).flip(1)
    found = fitted(Vgg16(caffe), tensors, "weights")(image)
    assert torch.allclose(found, vgg_by_functions(state, ready), rtol=1e-3, atol=1e-3)


def test_a_subsets_distance_is_over_all_its_frames():
    state = StateDict("3" * 64, vgg16())
    rng = np.random.default_rng(0)
    clips = []
    for number in range(3):
        pictures = rng.integers(0, 255, (2, 11, 32, 32, 3), dtype=np.uint8)
        clips.append(
            Clip(f"s{number}/a", 11, frames=pictures[0], true_frames=pictures[1], weights={"vgg16": state})
        )
    same = [
        Clip(c.name, 11, frames=c.true_frames, true_frames=c.true_frames, weights=c.weights) for c in clips
    ]
    found = fd_vgg16.score(iter(clips))
    assert found["fd_vgg16"][0] > 0 and found["fd_vgg16"][1] == 9
    assert found["fd_vgg16_low"] == (None, 9), "three clips have no interval"
    assert fd_vgg16.score(same)["fd_vgg16"][0] == pytest.approx(0, abs=1e-6)
    assert fd_vgg16.score([])["fd_vgg16"] == (None, 0)


def test_other_weights_are_refused_by_name(syncnet):
    with pytest.raises(WeightsError, match=r"metrics\.weights\.vgg16: these are the weights of another"):
        fd_vgg16._network(StateDict("4" * 64, syncnet))
    broken = vgg16() | {"features.0.bias": torch.zeros(3)}
    with pytest.raises(WeightsError, match=r"of another shape: features\.0\.bias"):
        fitted(Vgg16(), broken, "weights")
