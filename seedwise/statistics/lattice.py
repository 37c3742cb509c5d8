"""The bootstrap distribution of the mean of scores on a lattice, by convolution with the fast Fourier transform.

Accuracies are counts / N, so the sum of n resampled scores lies on the same lattice and its distribution is the n-th
convolution power of the empirical one. No resampling is needed at any n; a weight is rounded by about n · 1e-16.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from seedwise.statistics.atoms import LEVEL_TOLERANCE, Floats

Integers = NDArray[np.int64]

# Largest span of the scores in steps; beyond it, rounding hides the step, and the transform would be too long.
MAX_STEPS = 1 << 17
# Longer transforms cost more than resampling.
MAX_LENGTH = 1 << 22
_EPSILON = float(np.finfo(np.float64).eps)
# Rows that are transformed together.
_BATCH = 16
# Minus the logarithm of the probability outside the window of sums that is kept.
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
        steps (rows), zero where a row lies on no such lattice, and offsets (rows × n), which have no meaning there.
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
    # Dividing the span, the longest distance, by its whole number of steps removes the error of Euclid's algorithm.
    steps = span / most
    offsets = np.rint(np.divide(distances, steps[:, None], out=np.zeros_like(distances), where=steps[:, None] > 0))
    rounding = _EPSILON * np.abs(scores).max(axis=1)
    exact = (np.abs(distances - offsets * steps[:, None]) <= 32 * rounding[:, None]).all(axis=1)
    usable = exact & (steps > 1000 * rounding) & (most <= MAX_STEPS)
    return np.where(usable, steps, 0.0), offsets.astype(np.int64)


def _power(spectrum: NDArray[np.complex128], exponent: int) -> NDArray[np.complex128]:
    """Whole power (>= 1) by repeated squaring, which is faster and rounds less than the general complex power."""
    while not exponent & 1:
        spectrum, exponent = np.square(spectrum), exponent >> 1
    result = spectrum
    while exponent := exponent >> 1:
        spectrum = np.square(spectrum)
        if exponent & 1:
            result = result * spectrum
    return result


def window_half_width(deviation: float, span: float, n: int) -> float:
    """Bernstein's bound: a sum of `n` draws leaves mean ± this with probability below 1e-15.

    `deviation` is the standard deviation of one draw, `span` the range of the draws.
    """
    linear = _TAIL * span / 3
    return linear + math.sqrt(linear**2 + 2 * _TAIL * n * deviation**2)


def convolution_power(offsets: Integers, n: int) -> tuple[Integers, Floats] | None:
    """Distribution of the sum of `n` draws from `offsets` (whole, >= 0): ascending sums and their weights.

    Only a window of sums is kept (`window_half_width`), which makes large n affordable: the transform is periodic,
    but the weights that wrap around are below 1e-15. None if even that window is longer than `MAX_LENGTH`.
    """
    length = transform_length(offsets, n)
    if length is None:
        return None
    most, mean = int(offsets.max()), float(offsets.mean())
    masses = np.bincount(offsets, minlength=length) / offsets.size
    weights = np.maximum(fft.irfft(_power(fft.rfft(masses), n), length), 0.0)
    start = 0 if length > n * most else max(0, math.floor(n * mean) - length // 2)
    sums = np.arange(start, start + length, dtype=np.int64)
    weights = weights[sums % length]
    real = (weights > 0.0) & (sums <= n * most)
    return sums[real], weights[real] / weights[real].sum()


def transform_length(offsets: Integers, n: int) -> int | None:
    """Length of the transform that holds the sum of `n` draws or its window; None beyond `MAX_LENGTH`."""
    most = int(offsets.max())
    kept = min(n * most + 1, 2 * math.ceil(window_half_width(float(offsets.std()), most, n)) + 3)
    return None if kept > MAX_LENGTH else int(fft.next_fast_len(kept, real=True))


class LatticeSum:
    """Distribution of U + V for independent whole U >= 0 and V >= 0, of which only the two parts are known.

    P(U + V <= k) = Σ_u P(U = u) P(V <= k - u) is one dot product, and a quantile takes a few of them. The transform of
    half a resample costs half as much as that of the whole, which matters when a thousand variants are analysed; a
    difference needs no transform beyond those of its arms.
    """

    def __init__(self, first: Floats, second: Floats, moments: Floats) -> None:
        """Take P(U = u) in ascending u, P(V <= v) in descending v for at least as many v, and moments of the sum.

        The moments are mean, standard deviation, skewness and excess kurtosis; only a starting point depends on them.
        """
        self._first, self._second, self._beyond = first, second, 1.0 - second
        self._mean, self._deviation, self._skewness, self._kurtosis = moments.tolist()
        self._most = first.size + second.size - 2

    def at_most(self, k: int) -> float:
        """P(U + V <= k) for -1 <= k <= the largest sum."""
        first, second = self._first, self._second
        start = second.size - 1 - k
        if k < first.size:
            return float(first[: k + 1].dot(second[start:]))
        if start >= 0:
            return float(first.dot(second[start : start + first.size]))
        # From here on what is missing to 1 takes fewer terms.
        return 1.0 - float(first[-start:].dot(self._beyond[: first.size + start]))

    def middle_rank(self) -> float:
        """P(U + V < mean) + P(U + V = mean) / 2 at the mean, which is a whole number: the sum of the scores."""
        center = round(self._mean)
        return (self.at_most(center) + self.at_most(center - 1)) / 2

    def quantile(self, level: float, normal_quantile: float) -> int:
        """Smallest k with P(U + V <= k) >= level - 1e-12, by Newton steps inside a shrinking bracket."""
        target = level - LEVEL_TOLERANCE
        low, high = -1, self._most
        slope = math.exp(-(normal_quantile**2) / 2) / (self._deviation * math.sqrt(2 * math.pi))
        k, newton_left = round(self._mean + self._deviation * self._expanded(normal_quantile)), 6
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

    def _expanded(self, z: float) -> float:
        """The quantile in standard deviations by Cornish & Fisher (1938), which beats the normal one as a start."""
        skewness, kurtosis = self._skewness, self._kurtosis
        moved = (z * z - 1) * skewness / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36
        return float(z + max(-0.5, min(0.5, moved)))


def moments(offsets: Integers, n: int) -> Floats:
    """Mean, standard deviation, skewness and excess kurtosis of the sum of `n` draws from each row (rows × 4)."""
    mean = offsets.mean(axis=1, keepdims=True)
    squares = (offsets - mean) ** 2
    variance = squares.mean(axis=1)
    skewness = (squares * (offsets - mean)).mean(axis=1) / variance**1.5
    kurtosis = (squares**2).mean(axis=1) / variance**2 - 3
    return np.stack([n * mean[:, 0], np.sqrt(n * variance), skewness / math.sqrt(n), kurtosis / n], axis=1)


@lru_cache(maxsize=4)
def _whole_sum(offsets: bytes, n: int) -> Floats:
    chosen = np.frombuffer(offsets, dtype=np.int64)
    size = n * int(chosen.max()) + 1
    length = fft.next_fast_len(size, real=True)
    masses = np.bincount(chosen, minlength=length) / chosen.size
    weights: Floats = np.maximum(fft.irfft(_power(fft.rfft(masses), n), length)[:size], 0.0)
    weights.flags.writeable = False
    return weights


def sum_weights(offsets: Integers, n: int) -> Floats:
    """P(sum = k) of `n` draws from `offsets` (whole, the smallest 0) for every k from 0; an arm is computed once."""
    return _whole_sum(offsets.tobytes(), n)


def sum_of_two(first: Floats, second: Floats, parts: Floats) -> LatticeSum:
    """Distribution of U + V from P(U = u), P(V = v) and the `moments` of both (2 × 4)."""
    mean, deviation, skewness, kurtosis = parts.T
    total = math.sqrt(float((deviation**2).sum()))
    shares = deviation / total
    joint = np.array([mean.sum(), total, (skewness * shares**3).sum(), (kurtosis * shares**4).sum()])
    shorter, longer = (first, second) if first.size <= second.size else (second, first)
    return LatticeSum(shorter, np.cumsum(longer)[::-1].copy(), joint)


def half_sums(offsets: Integers) -> Iterator[tuple[int, LatticeSum]]:
    """Yield (row, distribution of its sum) for each row of `offsets` (rows × n), in an order that suits the FFT.

    Each row must hold at least two different offsets. Rows of similar span share a transform; a batch stays small
    enough for the processor's cache.
    """
    n = offsets.shape[1]
    first_n, second_n = n // 2, n - n // 2
    most = offsets.max(axis=1)
    of_sums = moments(offsets, n)
    order = np.argsort(most)
    start = 0
    while start < order.size:
        batch = order[start : start + _BATCH]
        start += batch.size
        widest = int(most[batch[-1]])
        first_size, second_size = first_n * widest + 1, second_n * widest + 1
        length = fft.next_fast_len(second_size, real=True)
        flat = (offsets[batch] + length * np.arange(batch.size)[:, None]).ravel()
        counts = np.bincount(flat, minlength=batch.size * length).reshape(batch.size, length)
        spectrum = fft.rfft(counts, axis=1)
        spectrum /= n
        half = _power(spectrum, first_n)
        first = fft.irfft(half, length, axis=1)
        second = first if first_n == second_n else fft.irfft(half * spectrum, length, axis=1)
        cumulative = np.empty((batch.size, second_size))
        np.cumsum(second[:, :second_size], axis=1, out=cumulative[:, ::-1])
        for i, row in enumerate(batch.tolist()):
            yield row, LatticeSum(first[i, :first_size], cumulative[i], of_sums[row])
