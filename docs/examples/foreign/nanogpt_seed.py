"""Let the study's seed into nanoGPT, which fixes its own: it executes config files as Python, inside train.py."""

import os

fixed_seed = torch.manual_seed  # noqa: F821 -- of train.py
torch.manual_seed = lambda number: fixed_seed(number + 1000 * int(os.environ["SEEDWISE_SEED"]))  # noqa: F821
