"""What is missing of a change is a mixture of shapes that moves one measure of the labeller alone."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from untrained_experiment import EXPERIMENT, untrained

import talkface
from talkface.animation.animator import open_animator
from talkface.animation.steering import SteeredPainter, Steering
from talkface.animation.unit_shapes import UnitShapes
from talkface.features.aus.geometric import measures_of_front
from talkface.generation.painters import Batch


@pytest.fixture(scope="module")
def renderer():
    """Of the package's bundle, whose shapes are those of real faces."""
    return talkface.load()._networks.renderer


def measured(renderer, size_NK):
    """The labeller's measures of the mean face after the shapes have moved it, in their deviations."""
    mean, shapes = renderer.mean_P2.double(), renderer.shape_KP2.double()
    eyes = (mean[33] - mean[263]).norm()

    def of(sizes):
        faces = (mean + (sizes.double() @ shapes.flatten(1)).unflatten(1, (-1, 2))) / eyes
        return measures_of_front(np.pad(faces.numpy(), ((0, 0), (0, 0), (0, 1))))

    rest = of(torch.zeros(1, len(shapes)))
    return (of(size_NK) - rest) / np.sqrt(((of(torch.eye(len(shapes))) - rest) ** 2).sum(0))


def test_each_unit_moves_its_own_measure_alone(renderer):
    none = torch.zeros(5, len(renderer.shape_KP2))
    size_NK = UnitShapes(renderer).missing(0.7 * torch.eye(5), none)
    # intensity 3.5, a fifth of which is 0.7, lies two deviations above rest
    np.testing.assert_allclose(measured(renderer, size_NK), 2 * np.eye(5), atol=1e-4)
    assert size_NK.norm(dim=1).max() < 4, "a face as unlikely as this is none"


def test_what_the_renderer_does_by_itself_is_not_done_again(renderer):
    shapes = UnitShapes(renderer)
    wanted = torch.tensor([[0, 0.4, 0, -0.2, 0]])
    whole_NK = shapes.missing(wanted, torch.zeros(1, len(renderer.shape_KP2)))
    torch.testing.assert_close(shapes.missing(wanted, whole_NK / 4), 0.75 * whole_NK, atol=1e-5, rtol=1e-4)
    for enough in (1, 1.5):
        assert shapes.missing(wanted, enough * whole_NK + 1e-7).abs().max() < 1e-4
    torch.testing.assert_close(shapes.missing(wanted, -whole_NK), 2 * whole_NK, atol=1e-5, rtol=1e-4)
    other = shapes.missing(torch.tensor([[0.3, 0, 0, 0, 0]]), torch.zeros(1, len(renderer.shape_KP2)))
    assert shapes.missing(torch.zeros(1, 5), other).abs().max() == 0, "nothing was wanted"


def test_few_shapes_make_no_monstrous_face():
    """Of the bundle's shapes the first few: units that they cannot tell apart move together."""
    for count in (1, 3, 5):
        network = copy.deepcopy(talkface.load()._networks.renderer)
        network.shape_KP2 = network.shape_KP2[:count]
        added_NK = UnitShapes(network).missing(0.7 * torch.eye(5), torch.zeros(5, count))
        assert added_NK.isfinite().all() and added_NK.norm(dim=1).max() < 8


def test_what_is_missing_reaches_the_film(renderer):
    """The shapes' sizes are those of the changed code, and what is missing beside it."""
    token_NC = torch.randn(
        6, renderer.settings["fusion_widths"][-1], generator=torch.Generator().manual_seed(0)
    )
    identity, frames = SimpleNamespace(lip_gap=torch.tensor(0.02)), Batch("a", range(6), 0)
    sizes, told = [], {}

    def paint(token_NC, identity, batch):
        aus_NA = told["shown"] = renderer.action_units(token_NC)
        sizes.append(renderer.sizes(renderer.code_of(token_NC[None], aus_NA[None], identity.lip_gap[None])))
        return np.zeros((6, 2, 2, 3), np.uint8)

    with torch.no_grad():
        paint(token_NC, identity, frames)
        own_NA = told["shown"]
        SteeredPainter(paint, renderer, Steering({"AU14": 3.0}))(token_NC, identity, frames)
        paint(token_NC, identity, frames)
    assert torch.equal(sizes[0], sizes[2]), "it leaves no trace"
    shown_NA = Steering({"AU14": 3.0})(own_NA, range(6))
    with torch.no_grad():
        code_NE = renderer.code_of(token_NC[None], shown_NA[None], identity.lip_gap[None])
        answer_NK = renderer.sizes(code_NE) - sizes[0]
    missing_NK = UnitShapes(renderer).missing(shown_NA - own_NA, answer_NK)
    assert missing_NK.abs().max() > 0.05
    torch.testing.assert_close(sizes[1], sizes[0] + answer_NK + missing_NK, atol=1e-4, rtol=1e-4)


def test_shapes_that_were_never_learned_add_nothing(tmp_path):
    network = open_animator(untrained(tmp_path) / EXPERIMENT, variant="warp")._networks.renderer
    with torch.no_grad():
        network.shape_KP2.zero_()
        network.mean_P2.zero_()
    added = UnitShapes(network).missing(torch.ones(3, 5), torch.zeros(3, len(network.shape_KP2)))
    assert torch.equal(added, torch.zeros_like(added))
