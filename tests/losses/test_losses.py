import pytest
import torch

from talkface.losses import adversarial, frames, gan
from talkface.losses.presence_loss import MIN_RATE, PresenceLoss, inverse_rate_weights


def test_weights_are_inverse_to_the_rate():
    weights = inverse_rate_weights(torch.tensor([0.5, 0.25, 0.1]))
    torch.testing.assert_close(weights / weights[0], torch.tensor([1.0, 2.0, 5.0]))
    assert weights.mean() == pytest.approx(1)
    never = inverse_rate_weights(torch.tensor([0.0, 0.5]))
    assert never[0] / never[1] == pytest.approx(0.5 / MIN_RATE)
    with pytest.raises(ValueError, match="rates"):
        inverse_rate_weights(torch.tensor([1.2]))


def presence(num_frames=40):
    torch.manual_seed(0)
    return (torch.rand(2, num_frames, 5) < 0.4).float()


def test_presence_of_itself_costs_nothing_and_everything_else_does():
    loss, truth = PresenceLoss(torch.ones(5)), presence()
    certain = (2 * truth - 1) * 40
    assert loss(certain, truth) == pytest.approx(0, abs=1e-5)
    assert loss(torch.zeros_like(truth), truth) > 0.5
    assert loss(-certain, truth) > loss(torch.zeros_like(truth), truth)


def test_presence_by_hand():
    truth, logit = torch.tensor([[1.0], [0.0]]), torch.zeros(2, 1)
    entropy, dice = torch.log(torch.tensor(2.0)), 1 - (2 * 0.5 + 1) / (0.5 + 1 + 1)
    assert PresenceLoss(torch.tensor([3.0]))(logit, truth) == pytest.approx(float(3 * (entropy + dice)))


def test_presence_weighs_aus_and_ignores_invalid_frames():
    truth = presence()
    logit = torch.randn(2, 40, 5)
    weights = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])
    changed = logit.clone()
    changed[..., 0] += 3
    assert PresenceLoss(weights)(changed, truth) == PresenceLoss(weights)(logit, truth)
    valid = torch.ones(2, 40, dtype=torch.bool)
    valid[1] = False
    loss = PresenceLoss(torch.ones(5))
    torch.testing.assert_close(loss(logit, truth, valid), loss(logit[:1], truth[:1]))
    assert torch.isfinite(loss(logit, truth, torch.zeros_like(valid)))


def test_presence_is_finite_and_trains_for_an_au_that_never_occurs():
    logit = torch.randn(1, 10, 5, requires_grad=True)
    PresenceLoss(torch.ones(5))(logit, torch.zeros(1, 10, 5)).backward()
    assert torch.isfinite(logit.grad).all() and (logit.grad > 0).all()


def test_wasserstein_losses():
    scores = torch.randn(3, 4, 4)
    assert adversarial.critic_loss(scores, scores) == 0
    assert adversarial.critic_loss(scores + 1, scores) == pytest.approx(-1, abs=1e-5)
    assert adversarial.generator_loss(scores) == -scores.mean()


def test_gradient_penalty_of_known_slopes():
    real, fake = torch.rand(4, 3, 6, 6), torch.rand(4, 3, 6, 6)
    pixels = 3 * 6 * 6
    for slope in (0.0, 1.0, 3.0):
        penalty = adversarial.gradient_penalty(
            lambda x, s=slope: s * x.sum((1, 2, 3)) / pixels**0.5, real, fake
        )
        assert penalty == pytest.approx((slope - 1) ** 2, abs=1e-3)


def test_gradient_penalty_trains_the_critic_alone_and_repeats():
    critic = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.LeakyReLU(0.01), torch.nn.Conv2d(4, 1, 3))
    real, fake = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8, requires_grad=True)
    values = [adversarial.gradient_penalty(critic, real, fake, torch.tensor([0.25, 0.75])) for _ in range(2)]
    assert values[0] == values[1]
    values[0].backward()
    assert critic[0].weight.grad.abs().sum() > 0 and fake.grad is None


def test_condition_cycle_and_mask_losses():
    au, image = torch.rand(2, 5), torch.rand(2, 3, 8, 8)
    assert adversarial.condition_loss(au, au) == 0
    assert adversarial.condition_loss(au + 0.5, au) == pytest.approx(0.25)
    assert adversarial.cycle_loss(image, image) == 0
    assert adversarial.cycle_loss(image + 0.5, image) == pytest.approx(0.5)
    flat = torch.full((2, 1, 8, 8), 0.3)
    assert adversarial.mask_mean(flat) == pytest.approx(0.3)
    assert adversarial.mask_variation(flat) == 0
    edge = flat.clone()
    edge[:, :, :, 4:] = 0.8
    assert adversarial.mask_variation(edge) == pytest.approx(8 * 0.5)


def pictures(N=3):
    torch.manual_seed(0)
    return torch.rand(N, 3, 16, 16) * 2 - 1


def test_reconstruction_and_identity_by_hand():
    truth = pictures()
    assert frames.reconstruction_loss(truth, truth) == 0
    assert frames.reconstruction_loss(truth + 0.5, truth) == pytest.approx(0.5, abs=1e-6)
    changed = truth.clone()
    changed[:, :, 8:] += 1  # the lower half may differ: the mouth
    assert frames.identity_loss(changed, truth) == 0
    changed[:, :, :8] += 0.25
    assert frames.identity_loss(changed, truth) == pytest.approx(0.25, abs=1e-6)


def test_perceptual_loss_by_hand_and_whatever_the_features_scale():
    truth = pictures()
    levels = lambda x: [x, 10 * x[:, :, ::2, ::2]]  # noqa: E731
    assert frames.perceptual_loss(levels, truth, truth) == 0
    frame = 1.2 * truth  # 20 % off on every level, loud or quiet
    assert frames.perceptual_loss(levels, frame, truth) == pytest.approx(0.2, rel=1e-3)
    assert frames.perceptual_loss(lambda x: [0 * x], frame, truth) == 0


def test_only_the_frame_learns_from_the_perceptual_loss():
    frame, truth = pictures().requires_grad_(), (-pictures()).requires_grad_()
    frames.perceptual_loss(lambda x: [x.square()], frame, truth + 0.1).backward()
    assert frame.grad.abs().sum() > 0 and truth.grad is None


def test_gan_losses_by_hand():
    nothing = torch.zeros(2, 1, 4, 4)
    log_2 = float(torch.log(torch.tensor(2.0)))
    assert gan.critic_loss(nothing, nothing) == pytest.approx(log_2)
    assert gan.generator_loss(nothing) == pytest.approx(log_2)
    score = torch.tensor([0.3, -1.2])
    D = torch.sigmoid(score)
    assert gan.critic_loss(score, score) == pytest.approx(float(-(D.log() + (1 - D).log()).mean() / 2))
    assert gan.generator_loss(score) == pytest.approx(float(-D.log().mean()))
    assert gan.critic_loss(nothing + 9, nothing - 9) < 0.01 < gan.critic_loss(nothing - 9, nothing + 9)


def test_a_sure_critic_still_moves_the_generator():
    score = torch.tensor([-30.0], requires_grad=True)
    gan.generator_loss(score).backward()
    assert score.grad == pytest.approx(-1)
    assert torch.isfinite(gan.critic_loss(torch.tensor(-1e4), torch.tensor(1e4)))
