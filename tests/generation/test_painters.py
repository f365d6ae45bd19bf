"""From tokens to pictures: what each painter keeps of the true frames in the inpaint protocol."""

import numpy as np
import pytest
import torch
from tiny_corpus import CROP, small_corpus, tiny_autoencoder, tiny_frame_renderer, tiny_renderer

from talkface.artifacts.weights import load_model
from talkface.config import Sampler
from talkface.data.frames import to_images, to_tensor
from talkface.data.regions import hide_lower_half
from talkface.data.stores import identity_of
from talkface.generation import samplers
from talkface.generation.painters import Batch, FramePainter, LatentPainter
from talkface.jobs.disentangle_faces import keep_whole
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.frame_renderer import FrameRenderer
from talkface.models.renderer import Renderer

HALF = CROP // 2
TRUTH = small_corpus()[1].images[:5]


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    latents, frames = tiny_renderer(folder / "a.safetensors"), tiny_frame_renderer(folder / "b.safetensors")
    return (
        load_model(tiny_autoencoder(folder / "autoencoder.safetensors"), VQAutoencoder),
        load_model(latents, Renderer),
        load_model(frames, FrameRenderer),
    )


@pytest.fixture(scope="module")
def identity(networks):
    return identity_of(keep_whole(networks[0], TRUTH[0], np.zeros(478 * 3, np.float32)), CROP)


def tokens():
    return torch.randn(len(TRUTH), 16, generator=torch.Generator().manual_seed(5))


def batch(shown=None):
    return Batch("s1/b", range(len(TRUTH)), 0, shown)


def test_decoded_frames_have_the_truths_upper_half_to_the_byte(networks, identity):
    paint = FramePainter(networks[2])
    free, bound = paint(tokens(), identity, batch()), paint(tokens(), identity, batch(TRUTH))
    assert np.array_equal(bound[:, :HALF], TRUTH[:, :HALF])
    assert np.array_equal(bound[:, HALF:], free[:, HALF:])
    assert not np.array_equal(free[:, :HALF], TRUTH[:, :HALF])


def test_known_latents_are_kept_and_the_rest_is_denoised(networks, identity, monkeypatch):
    autoencoder, renderer, _ = networks
    drawn = []

    def remembered(latent_NChw, decode=autoencoder.from_latent):
        drawn.append(latent_NChw)
        return decode(latent_NChw)

    monkeypatch.setattr(autoencoder, "from_latent", remembered)
    paint = LatentPainter(renderer, autoencoder, Sampler(steps=3))
    with torch.inference_mode():
        images = [paint(tokens(), identity, batch(shown)) for shown in (None, TRUTH)]
        known = autoencoder.to_latent(hide_lower_half(to_tensor(TRUTH)))
    free, bound = drawn
    kept = HALF // 4 - 1  # rows of the latent: all that show the visible half, but the last
    assert torch.equal(bound[:, :, :kept], known[:, :, :kept])
    assert not torch.isclose(bound[:, :, kept:], known[:, :, kept:]).any(dim=3).all()
    assert not torch.equal(free[:, :, :kept], known[:, :, :kept])
    assert np.array_equal(images[1], to_images(autoencoder.from_latent(bound)))


def test_every_frame_of_the_inpaint_protocol_has_its_own_masked_face(networks, identity, monkeypatch):
    autoencoder, renderer, _ = networks
    seen = []

    def remembered(*inputs, denoise=renderer.denoise):
        seen.append(inputs[4])
        return denoise(*inputs)

    monkeypatch.setattr(renderer, "denoise", remembered)
    paint = LatentPainter(renderer, autoencoder, Sampler(steps=1))
    with torch.inference_mode():
        for shown in (None, TRUTH):
            paint(tokens(), identity, batch(shown))
        hidden = autoencoder.to_latent(hide_lower_half(to_tensor(TRUTH)))
    first, every = seen
    assert torch.equal(first, identity.masked_latent.float().expand_as(first))
    assert torch.equal(every, hidden) and not torch.equal(every[0], every[4])


def test_the_sampler_is_the_one_that_the_configuration_names(networks, identity, monkeypatch):
    asked = []

    def sample(denoise, noise_SNChw, alpha_bar_K, *, steps, eta, known):
        return noise_SNChw[0] * steps

    monkeypatch.setattr(samplers, "find", lambda kind: asked.append(kind) or sample)
    drawn = Sampler(steps=1).model_copy(update={"kind": "other"})
    with torch.inference_mode():
        images = LatentPainter(networks[1], networks[0], drawn)(tokens(), identity, batch())
    assert asked == ["other"]
    assert all(np.array_equal(image, images[0]) for image in images), "one noise image, whatever the token"
