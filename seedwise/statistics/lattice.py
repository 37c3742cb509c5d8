"""The bootstrap distribution of means on equally spaced cells, by convolution with the fast Fourier transform.

A bootstrap mean, or a difference of two, is a sum of independent draws. If what the draws add lies on a lattice, as it
does for accuracies (counts / N), so does the sum, and its distribution is a convolution power of the empirical one:
exact up to a rounding of about n · 1e-16.

Other scores are put on a grid: the mass of a score is shared between the two cells beside it, in proportion to its
distance, which keeps the mean. Each draw then carries an independent rounding error of mean 0 within one step. The
step is chosen so that their sum has a standard deviation of at most s = `GRID_ERROR` standard errors of the mean. By
Hoeffding's inequality (1963) it exceeds 5 s with probability at most exp(−25/2) < 4e-6, and interpolation within a cell
adds less than s. So for any scores whatsoever, a quantile of the grid lies within 6 s of a quantile whose level differs
by less than 4e-6 from the one asked for. Where the distribution is smooth the errors average out: what remains is the
variance that they add, one millionth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from seedwise.statistics.atoms import LEVEL_TOLERANCE, Floats

GRID_ERROR = 1e-3
# A lattice is used if it needs at most this many times the cells of the grid.
_FINEST_LATTICE = 4.0
# Largest span of the scores in steps of a lattice; beyond it, rounding hides the step.
MAX_STEPS = 1 << 17
# Minus the logarithm of the probability outside either end of the window of sums that is kept.
_TAIL, _GRID_TAIL = 30.0, 18.0
# Exponents, in 1 / standard error, among which Chernoff's bound is minimised. Best are 7.7 and 6 for a normal
# distribution, and less for a skewed one.
_TILTS = (3.0, 5.0, 7.0, 10.0)
_STEPS_PER_OCTAVE = 8
# Cells that are transformed together; they fit the processor's cache.
_BATCH_CELLS = 1 << 15
_BLOCK = 64
_EPSILON = float(np.finfo(np.float64).eps)


def _common_divisors(first: Floats, second: Floats, tolerance: Floats) -> Floats:
    """Euclid's algorithm on floats, elementwise; remainders up to `tolerance` count as zero."""
    while True:
        active = second > tolerance
        if not active.any():
            return first
        divisor = np.where(active, second, 1.0)
        remainder = np.abs(first - divisor * np.rint(first / divisor))
        first, second = np.where(active, second, first), np.where(active, remainder, 0.0)


def find_lattice(scores: Floats) -> Floats:
    """Steps (rows) such that each row of `scores` (rows × n, ascending) is its minimum + step · whole numbers.

    The step is the greatest common divisor of the differences to the minimum, so any counts / N is found (with any
    shift or factor, percentages too) as long as the scores span at most 2¹⁷ steps that are well above rounding. It is
    zero where a row lies on no such lattice.
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
    return np.where(usable, steps, 0.0)


@dataclass(frozen=True)
class Cells:
    """Where the sums of each row lie: multiples of `steps`, `counts` of them from the `firsts`-th on."""

    steps: Floats
    exact: NDArray[np.bool_]
    firsts: NDArray[np.int64]
    counts: NDArray[np.int64]


class SumDistribution:
    """Distribution of one sum: P(sum = (first + i) · step) is `weights[i]`.

    Unless the sums are `exact`, the weight of a cell is spread evenly over it.
    """

    def __init__(self, first: int, weights: Floats, step: float, exact: bool) -> None:
        self.exact = exact
        self._first, self._weights, self._step = first, weights, step
        # Cumulated in blocks, which is faster: only the block that holds a quantile is looked at cell by cell.
        self._blocks = np.add.reduceat(weights, np.arange(0, weights.size, _BLOCK)).cumsum()

    def quantile(self, level: float) -> float:
        """Smallest sum that is reached with probability `level` − 1e-12; −∞ if that is not positive."""
        target = level - LEVEL_TOLERANCE
        if target <= 0:
            return -math.inf
        block = _BLOCK * min(int(self._blocks.searchsorted(target)), self._blocks.size - 1)
        weights = self._weights[block : block + _BLOCK]
        cumulative = self._before(block) + weights.cumsum()
        index = min(int(cumulative.searchsorted(target)), weights.size - 1)
        place = self._first + block + index
        if self.exact:
            return self._step * place
        beyond = (float(cumulative[index]) - target) / float(weights[index])
        return self._step * (place + 0.5 - min(max(beyond, 0.0), 1.0))

    def middle_rank(self, point: float) -> float:
        """P(sum < point) + P(sum = point) / 2; an exact sum must have `point` among its cells."""
        place = point / self._step - self._first
        index = round(place)
        share = 0.5 if self.exact else place - index + 0.5
        return self._before(index) + share * float(self._weights[index])

    def _before(self, index: int) -> float:
        """Probability of the cells before that of `index`."""
        block = index // _BLOCK
        whole = float(self._blocks[block - 1]) if block else 0.0
        return whole + float(self._weights[_BLOCK * block : index].sum())


def choose_cells(arms: Sequence[Floats], lattice: Floats) -> Cells:
    """Lattice or grid for the sum of the draws from each row.

    Args:
        arms: what one draw can add to the sum; an arm (rows × n) is drawn from n times.
        lattice: per row, a number of which all sums are multiples; zero if there is none.
    """
    sizes = [arm.shape[1] for arm in arms]
    scales = np.max([np.abs(arm).max(axis=1) for arm in arms], axis=0)[:, None]
    variances = [n * (arm / scales).var(axis=1) for n, arm in zip(sizes, arms, strict=True)]
    errors = scales[:, 0] * np.sqrt(np.sum(variances, axis=0))
    # A share f of a step apart, the error of a draw has the variance f (1 − f) <= 1/4. Only eight steps per factor of
    # two are used, so that rows can share the transform of an arm that they have in common.
    grid = 2 * GRID_ERROR * errors / math.sqrt(sum(sizes))
    grid = np.exp2(np.floor(_STEPS_PER_OCTAVE * np.log2(grid)) / _STEPS_PER_OCTAVE)
    exact = lattice * _FINEST_LATTICE >= grid
    steps = np.where(exact, lattice, grid)
    means = [arm.mean(axis=1, keepdims=True) for arm in arms]
    centered = [(arm - mean) / errors[:, None] for arm, mean in zip(arms, means, strict=True)]
    below, above = _reaches(centered, np.where(exact, _TAIL, _GRID_TAIL)) * errors / steps
    center = np.sum([n * mean[:, 0] for n, mean in zip(sizes, means, strict=True)], axis=0) / steps
    firsts = np.floor(center - below).astype(np.int64) - 1
    return Cells(steps, exact, firsts, np.ceil(center + above).astype(np.int64) + 2 - firsts)


def _reaches(centered: Sequence[Floats], tails: Floats) -> Floats:
    """How far (2 × rows) each row's sum goes below and above its mean, in standard errors, but for exp(−tail) each way.

    Chernoff's bound is minimised over a few exponents, or the range of the sum is taken if that is smaller.
    """
    signed = np.multiply.outer([-1.0, 1.0], _TILTS)
    cumulants = [arm.shape[1] * np.log(np.exp(np.multiply.outer(signed, arm)).mean(axis=3)) for arm in centered]
    bounds = ((np.sum(cumulants, axis=0) + tails) / np.array(_TILTS)[:, None]).min(axis=1)
    ranges = [arm.shape[1] * np.stack([-arm.min(axis=1), arm.max(axis=1)]) for arm in centered]
    return np.asarray(np.minimum(bounds, np.sum(ranges, axis=0)))


def distributions(
    arms: Sequence[Floats], cells: Cells, rows: NDArray[np.intp]
) -> Iterator[tuple[int, SumDistribution]]:
    """Yield (row, distribution of its sum) for some of the rows; `arms` as in `choose_cells`.

    The transform is periodic, so that a window of sums is enough: what wraps around is improbable.
    """
    sizes = [arm.shape[1] for arm in arms]
    common = math.gcd(*sizes)
    for length, group in _groups(cells, rows, by_step=len(arms) > 1):
        fixed, varying = np.ones((1, 1), dtype=np.complex128), []
        for n, arm in zip(sizes, arms, strict=True):
            ends = _ends(arm[group] / cells.steps[group, None], cells.exact[group, None])
            if len(ends[0]) == 1:
                fixed = fixed * _power(_transform(*ends, length), n // common)
            else:
                varying.append((n // common, *ends))
        size = max(1, _BATCH_CELLS // length)
        for batch in (slice(start, start + size) for start in range(0, group.size, size)):
            spectrum = fixed
            for exponent, lower, share in varying:
                spectrum = spectrum * _power(_transform(lower[batch], share[batch], length), exponent)
            weights = fft.irfft(_power(spectrum, common), length, axis=1)
            members = group[batch].tolist()
            for row, periodic in zip(members, np.broadcast_to(weights, (len(members), length)), strict=True):
                first, step = int(cells.firsts[row]), float(cells.steps[row])
                unwrapped = np.concatenate([periodic[first % length :], periodic[: first % length]])
                yield row, SumDistribution(first, unwrapped, step, bool(cells.exact[row]))


def _groups(cells: Cells, rows: NDArray[np.intp], by_step: bool) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield lengths of transforms and the rows that they suit; if wanted, these have equal steps too."""
    groups: dict[tuple[int, float], list[int]] = {}
    for row in rows.tolist():
        step = round(math.log2(cells.steps[row]), 6) if by_step else 0.0
        groups.setdefault((_length(int(cells.counts[row])), step), []).append(row)
    for (length, _), members in groups.items():
        yield length, np.array(members)


def _length(count: int) -> int:
    """Length of a quick transform of `count` cells: at most an eighth longer, with no prime factor above 5."""
    octave = 1 << max(0, count.bit_length() - 6)
    return next(part * octave for part in (32, 36, 40, 45, 48, 54, 60, 64) if part * octave >= count)


def _ends(positions: Floats, exact: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Floats]:
    """Where draws end: the cell below, and the share of the mass in the next cell; one row if all rows are equal."""
    lower = np.where(exact, np.rint(positions), np.floor(positions))
    share = np.where(exact, 0.0, positions - lower)
    equal = bool((lower == lower[0]).all() and (share == share[0]).all())
    chosen = slice(0, 1 if equal else None)
    return lower[chosen].astype(np.int64), share[chosen]


def _transform(lower: NDArray[np.int64], share: Floats, length: int) -> NDArray[np.complex128]:
    """Fourier transform (rows × frequencies) of the probabilities of where one draw ends, counted modulo `length`."""
    rows, n = lower.shape
    ends = np.stack([lower, lower + 1]) % length + length * np.arange(rows)[:, None]
    masses = np.bincount(ends.ravel(), np.stack([1 - share, share]).ravel() / n, rows * length)
    return np.asarray(fft.rfft(masses.reshape(rows, length), axis=1))


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
