"""2×2 max pooling with ReLU on the bits of bf16 numbers gives exactly torch's numbers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from seedwise.trainers.image_classifier.training.pooling import relu_of_maxima

BF16 = torch.bfloat16


def torchs(x):
    return functional.relu(functional.max_pool2d(x, 2))


def results(pool, x, gradient):
    """What a pooling returns, and the gradient of what it got."""
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    result = pool(x)
    result.backward(gradient)
    return result.detach(), x.grad


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(2, 9), st.integers(2, 9)),
    seed=st.integers(0, 2**32),
    step=st.sampled_from([0.0, 0.5, 3.0]),
    channels_last=st.booleans(),
    dtype=st.sampled_from([BF16, torch.float32]),
)
def test_results_and_gradients_are_torchs(shape, seed, step, channels_last, dtype):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator)
    if step:
        x = (x / step).round() * step  # many equal numbers in a window, and both zeros
    x = x.to(dtype).contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
    gradient = torch.randn(torchs(x).shape, generator=generator).to(dtype)
    (ours, to_ours), (expected, to_expected) = results(relu_of_maxima, x, gradient), results(torchs, x, gradient)
    assert torch.equal(ours, expected)
    assert torch.equal(to_ours, to_expected)
    assert to_ours.stride() == to_expected.stride()
    with torch.inference_mode():
        assert torch.equal(relu_of_maxima(x), expected)


@pytest.mark.parametrize("sign", [0x7FC0, 0x7FC0 - 2**15])
def test_nan_in_an_image_is_nan_after_convolution_and_pooling_wherever_it_is(sign):
    convolution = torch.nn.Conv2d(1, 4, 3, padding=1).to(BF16)
    for place in range(64):
        image = torch.randn(1, 1, 8, 8).to(BF16)
        image.view(torch.int16).view(-1)[place] = sign
        assert relu_of_maxima(convolution(image)).isnan().any()


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 3e38, -3e38, 1e-40, -1e-40, 0.0, -0.0])
def test_extreme_numbers_fill_a_window_as_in_torch(value):
    x = torch.full((1, 1, 2, 2), value, dtype=BF16)
    assert torch.equal(relu_of_maxima(x).isnan(), torchs(x).isnan())
    assert torch.equal(relu_of_maxima(x).nan_to_num(), torchs(x).nan_to_num())


def test_negative_numbers_beside_a_positive_one_do_not_count():
    window = torch.tensor([[-torch.inf, -3e38], [1e-40, -0.0]], dtype=BF16).view(1, 1, 2, 2)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2]):
        x = window.flatten()[order].view(1, 1, 2, 2)
        assert torch.equal(relu_of_maxima(x), torchs(x))


def test_numbers_that_something_else_needs_are_refused_not_wrong():
    x = torch.randn(1, 2, 4, 4).to(BF16).requires_grad_()
    kept = x.exp()  # its gradient needs its own result
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        (relu_of_maxima(kept).sum() + kept.sum()).backward()
    pooled = relu_of_maxima(x * 2).sum()
    pooled.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        pooled.backward()
