"""The bootstrap distribution of a mean whose scores lie on a lattice, by convolution with the fast Fourier transform.

Accuracies are counts / N, so the sum of n resampled scores lies on the same lattice and its distribution is the n-th
convolution power of the empirical one. No resampling is needed at any n; rounding is about n · 1e-16 per weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from seedwise.statistics.atoms import LEVEL_TOLERANCE, Floats

Integers = NDArray[np.int64]

# The scores may span this many steps; beyond, rounding hides the step (and the transform would be too long).
MAX_STEPS = 1 << 17
# Transforms longer than this cost more than resampling does.
MAX_LENGTH = 1 << 22
_EPSILON = float(np.finfo(np.float64).eps)
# -ln of the probability allowed outside the window of sums that is kept.
_TAIL = 36.0


def _common_divisors(first: Floats, second: Floats, tolerance: Floats) -> Floats:
    """Euclid's algorithm on floats, elementwise; remainders up to `tolerance` count as zero."""
    while True:
        active = second > tolerance
        if not active.any():
            return first
        divisor = np.where(active, second, 1.0)
        remainder = np.abs(first - divisor * np.rint(first / divisor))
        first, second = np.where(active, second, first), np.where(active, remainder, 0.0)


def find_lattice(scores: Floats) -> tuple[Floats, Integers]:
    """Write each row of `scores` (rows × n, ascending) as minimum + step · offset with whole offsets.

    The step is the greatest common divisor of the differences to the minimum, so any counts / N is found (with any
    shift or factor, percentages too) as long as the scores span at most 2¹⁷ steps that are well above rounding.

    Returns:
        steps (rows), zero where a row lies on no such lattice, and offsets (rows × n), meaningless there.
    """
    distances = scores - scores[:, :1]
    span = distances[:, -1]
    divisors, tolerance = distances, 0.5 * span[:, None] / MAX_STEPS
    while divisors.shape[1] > 1:
        half = (divisors.shape[1] + 1) // 2
        folded = _common_divisors(divisors[:, : divisors.shape[1] - half], divisors[:, half:], tolerance)
        divisors = np.concatenate([folded, divisors[:, divisors.shape[1] - half : half]], axis=1)
    safe_divisor = np.maximum(divisors[:, 0], 0.5 * tolerance[:, 0])
    most = np.rint(np.divide(span, safe_divisor, out=np.ones_like(span), where=span > 0))
    # The span is the longest lever: dividing it by its whole number of steps removes the error that Euclid collected.
    steps = span / most
    offsets = np.rint(np.divide(distances, steps[:, None], out=np.zeros_like(distances), where=steps[:, None] > 0))
    rounding = _EPSILON * np.abs(scores).max(axis=1)
    exact = (np.abs(distances - offsets * steps[:, None]) <= 32 * rounding[:, None]).all(axis=1)
    usable = exact & (steps > 1000 * rounding) & (most <= MAX_STEPS)
    return np.where(usable, steps, 0.0), offsets.astype(np.int64)


def _power(spectrum: NDArray[np.complex128], exponent: int) -> NDArray[np.complex128]:
    """Whole power by repeated squaring, which is faster and rounds less than the general complex power."""
    result: NDArray[np.complex128] | None = None
    while exponent:
        if exponent & 1:
            result = spectrum if result is None else result * spectrum
        exponent >>= 1
        if exponent:
            spectrum = spectrum * spectrum
    return np.ones_like(spectrum) if result is None else result


def window_half_width(deviation: float, span: float, n: int) -> float:
    """Bernstein's bound: a sum of `n` draws leaves mean ± this with probability below 1e-15.

    `deviation` is the standard deviation of one draw, `span` the range of the draws.
    """
    linear = _TAIL * span / 3
    return linear + math.sqrt(linear**2 + 2 * _TAIL * n * deviation**2)


def convolution_power(offsets: Integers, n: int) -> tuple[Integers, Floats] | None:
    """Distribution of the sum of `n` draws from `offsets` (whole, >= 0): ascending sums and their weights.

    Only a window of sums is kept (`window_half_width`), which makes large n affordable: the transform is periodic,
    and what wraps around is below 1e-15. None when even that window is longer than `MAX_LENGTH`.
    """
    most, mean = int(offsets.max()), float(offsets.mean())
    kept = min(n * most + 1, 2 * math.ceil(window_half_width(float(offsets.std()), most, n)) + 3)
    if kept > MAX_LENGTH:
        return None
    length = fft.next_fast_len(kept, real=True)
    masses = np.bincount(offsets, minlength=length) / offsets.size
    weights = np.maximum(fft.irfft(_power(fft.rfft(masses), n), length), 0.0)
    start = 0 if kept == n * most + 1 else max(0, math.floor(n * mean) - length // 2)
    sums = np.arange(start, start + length, dtype=np.int64)
    weights = weights[sums % length]
    real = (weights > 0.0) & (sums <= n * most)
    return sums[real], weights[real] / weights[real].sum()


class HalfSums:
    """Distribution of the sum of n draws, of which only the two halves are transformed.

    P(S <= k) = Σ_s P(S₁ = s) P(S₂ <= k - s) is one dot product, and a quantile takes a handful of them: half the
    transform of the whole sum, which is what counts when a thousand variants are analysed.
    """

    def __init__(self, reversed_first: Floats, padded_second: Floats, mean: float, deviation: float) -> None:
        """Take P(S₁ = s) in descending s, and P(S₂ <= s) with as many zeros before and ones after as S₁ has atoms."""
        self._first, self._second = reversed_first, padded_second
        self._mean, self._deviation = mean, deviation
        self._most = padded_second.size - reversed_first.size - 2

    def at_most(self, k: int) -> float:
        """P(S <= k) for -1 <= k <= the largest sum."""
        return float(self._first.dot(self._second[k + 1 : k + 1 + self._first.size]))

    def middle_rank(self) -> float:
        """P(S < mean) + P(S = mean) / 2 at the mean of S, which is a whole number: the sum of the scores."""
        center = round(self._mean)
        return (self.at_most(center) + self.at_most(center - 1)) / 2

    def quantile(self, level: float, normal_quantile: float) -> int:
        """Smallest k with P(S <= k) >= level - 1e-12, by Newton steps inside a shrinking bracket."""
        target = level - LEVEL_TOLERANCE
        low, high = -1, self._most
        slope = math.exp(-(normal_quantile**2) / 2) / (self._deviation * math.sqrt(2 * math.pi))
        k, newton_left = round(self._mean + normal_quantile * self._deviation), 6
        while high - low > 1:
            k = min(max(k, low + 1), high - 1)
            excess = self.at_most(k) - target
            if excess >= 0:
                high = k
            else:
                low = k
            newton_left -= 1
            if newton_left > 0 and abs(excess) < slope * self._deviation:
                step = -excess / slope
                k += math.ceil(step) if step > 0 else math.floor(step)
            else:
                k = (low + high) // 2
        return high


def half_sums(offsets: Integers) -> Iterator[tuple[int, HalfSums]]:
    """Yield (row, distribution of its sum) for each row of `offsets` (rows × n), in an order that suits the FFT.

    Each row must hold at least two different offsets. Rows of similar span share a transform; a batch stays small
    enough for the processor's cache.
    """
    n = offsets.shape[1]
    most = offsets.max(axis=1)
    order = np.argsort(most)
    start = 0
    while start < order.size:
        batch = order[start : start + 16]
        start += batch.size
        first_n, second_n = n // 2, n - n // 2
        widest = int(most[batch[-1]])
        first_size, second_size = first_n * widest + 1, second_n * widest + 1
        length = fft.next_fast_len(second_size, real=True)
        flat = (offsets[batch] + length * np.arange(batch.size)[:, None]).ravel()
        spectrum = fft.rfft(np.bincount(flat, minlength=batch.size * length).reshape(batch.size, length) / n, axis=1)
        half = _power(spectrum, first_n)
        first = np.maximum(fft.irfft(half, length, axis=1), 0.0)
        second = first if first_n == second_n else np.maximum(fft.irfft(half * spectrum, length, axis=1), 0.0)
        padded = np.zeros((batch.size, second_size + 2 * first_size))
        np.cumsum(second[:, :second_size], axis=1, out=padded[:, first_size : first_size + second_size])
        padded[:, first_size + second_size :] = 1.0
        reversed_first = np.ascontiguousarray(first[:, first_size - 1 :: -1] if first_size > 1 else first[:, :1])
        chosen = offsets[batch]
        means, deviations = chosen.sum(axis=1), chosen.std(axis=1) * math.sqrt(n)
        for i, row in enumerate(batch):
            yield int(row), HalfSums(reversed_first[i], padded[i], float(means[i]), float(deviations[i]))
