"""A network keeps the arguments that rebuild it, and its file names it."""

import pytest
from torch import nn

from talkface.models.au_attention import AuCritic
from talkface.models.au_classifier import AuClassifier
from talkface.models.frame_renderer import FrameRenderer
from talkface.models.network import NETWORKS, Network
from talkface.models.trunk import Trunk


def test_settings_are_the_arguments_with_defaults():
    assert AuClassifier(8).settings == {"width": 8, "crop_size": 112, "dropout": 0.5}
    assert AuCritic(width=4, layers=3, image_size=32).settings == {"width": 4, "layers": 3, "image_size": 32}


def test_settings_of_a_base_class_are_among_them():
    network = FrameRenderer(decoder_width=32, crop_size=32, encoder_width=4, fusion_widths=(16,))
    assert network.settings["decoder_width"] == 32 and network.settings["disentangled"] is False
    assert network.settings["fusion_widths"] == [16], "plain values, as a file holds them"
    assert network.settings["audio_width"] == 512, "a default of the base class"
    assert set(network.settings) > set(Trunk(crop_size=32, encoder_width=4).settings)
    assert FrameRenderer(**network.settings).settings == network.settings


def test_names_are_unique():
    assert NETWORKS["frame_renderer"] is FrameRenderer and FrameRenderer.name == "frame_renderer"
    with pytest.raises(AssertionError, match="two networks are named frame_renderer"):
        type("Other", (Network,), {}, name="frame_renderer")
    assert issubclass(NETWORKS["au_classifier"], nn.Module)
