"""What may be chosen about a table, for flags, keys of a study and arguments alike; nothing is imported here."""

from __future__ import annotations

from typing import Literal, get_args

Duplicates = Literal["latest", "first", "last-row", "first-row", "error"]
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'", "_"]
Sample = Literal["runs", "examples"]
Spelling = Literal["flags", "keys", "arguments"]
"""How a user says things: on the command line, in a study, or in Python."""
LAYOUTS = (
    "rows", "wandb-runs", "wandb-chart", "wandb-api", "mlflow", "lightning", "keras", "ray", "huggingface",
    "tensorboard", "optuna", "wide-seeds", "wide-variants", "json-nested", "pivot", "lm-eval", "inspect", "promptfoo",
)  # fmt: skip
"""Names of layouts; rows is a table with a row for each run, as it stands."""
DUPLICATES, DECIMALS, THOUSANDS, SAMPLES = map(get_args, (Duplicates, Decimal, Thousands, Sample))

KEYS = {
    "variant": "variant_key",
    "seed": "seed_key",
    "status": "status_key",
    "created": "created_key",
    "state": "states",
    "run-name": "run_name",
    "path-name": "path_name",
}
"""What an option is called in a study, where it is not called as on the command line."""
OF_RUNS = ("status", "created", "state", "duplicates", "take", "number-runs")
"""Options that an evaluation has no use for."""
OF_ANSWERS = ("example", "cluster", "repeat", "judge", "digest")
"""Options that only an evaluation has a use for."""


def of_examples(sample: object, example: object) -> bool:
    """Whether the rows are answers, whose examples are the sample: `example` decides where `sample` does not say."""
    return sample == "examples" or (sample is None and example is not None)
