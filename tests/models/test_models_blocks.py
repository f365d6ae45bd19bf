import torch
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, SelfAttention, Upsample, attend


def test_attention_is_the_same_in_both_of_its_forms():
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 2, 9, 8).unbind(0)
    exact = F.scaled_dot_product_attention(query, key, value)
    assert torch.equal(attend(query, key, value), exact)
    rough = attend(query.bfloat16(), key.bfloat16(), value.bfloat16())
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, rtol=0.05, atol=0.05)


def test_blocks_start_as_the_identity():
    x = torch.randn(2, 16, 5, 7)
    assert torch.equal(ResidualBlock(16, 16)(x), x)
    assert torch.equal(ResidualBlock(16, 16, embedding_width=4)(x, torch.randn(2, 4)), x)
    assert torch.equal(SelfAttention(16, heads=2)(x), x)


def test_the_embedding_scales_and_shifts():
    torch.manual_seed(0)
    block = ResidualBlock(8, 12, embedding_width=4)
    torch.nn.init.normal_(block.conv_out.weight)
    x = torch.randn(1, 8, 6, 6)
    one, two = block(x, torch.zeros(1, 4)), block(x, torch.ones(1, 4))
    assert one.shape == (1, 12, 6, 6)
    assert not torch.allclose(one, two)


def test_upsample_reaches_any_size():
    assert Upsample(4)(torch.zeros(1, 4, 4, 4), (7, 8)).shape == (1, 4, 7, 8)


def test_memory_format_does_not_change_the_values():
    torch.manual_seed(0)
    block = SelfAttention(16, heads=2)
    torch.nn.init.normal_(block.out.weight)
    x = torch.randn(2, 16, 6, 5)
    torch.testing.assert_close(block(x), block(x.contiguous(memory_format=torch.channels_last)))
