"""pass@k and pass^k: at least one, or all, of k attempts succeed, estimated from n attempts without bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]


def pass_at_k(attempts: ArrayLike, successes: ArrayLike, k: int) -> Floats:
    """1 − C(n − c, k) / C(n, k) for each example (Chen et al. 2021); NaN where there were fewer than k attempts."""
    n, c = (np.asarray(x, dtype=np.float64) for x in (attempts, successes))
    return np.asarray(1.0 - _share(n, n - c, k))


def pass_all_k(attempts: ArrayLike, successes: ArrayLike, k: int) -> Floats:
    """C(c, k) / C(n, k) for each example: pass^k (Yao et al. 2024); NaN where there were fewer than k attempts."""
    n, c = (np.asarray(x, dtype=np.float64) for x in (attempts, successes))
    return _share(n, c, k)


def _share(n: Floats, chosen: Floats, k: int) -> Floats:
    """C(chosen, k) / C(n, k): the chance that k of n attempts, drawn at random, are all among the chosen ones."""
    enough = n >= k
    possible = enough & (chosen >= k)
    safe_n, safe_chosen = np.where(possible, n, k), np.where(possible, chosen, k)
    logarithm = gammaln(safe_chosen + 1) - gammaln(safe_chosen - k + 1) - gammaln(safe_n + 1) + gammaln(safe_n - k + 1)
    share = np.where(safe_n == safe_chosen, 1.0, np.exp(logarithm))
    return np.asarray(np.where(enough, np.where(possible, share, 0.0), np.nan))
