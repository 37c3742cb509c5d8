"""The declared plan: everything that decides a verdict, fixed before results exist."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

MOST_LOOKS = 4
MOST_CONFIDENCE = 0.999999
"""No interval of a few runs is surer, and nearer to 1 the numbers of the tests end."""

_TRIALS = {"type": "integer", "minimum": 1}
_Count = Annotated[int, Field(ge=1, strict=True)]
# The discriminator keeps a mistake in the mapping from also being reported as a number that is missing.
Trials = Annotated[
    Annotated[_Count, Tag("a number")] | Annotated[dict[str, _Count], Tag("a mapping")],
    Discriminator(lambda value: "a mapping" if isinstance(value, Mapping) else "a number"),
    WithJsonSchema({"anyOf": [_TRIALS, {"type": "object", "additionalProperties": _TRIALS}]}),
]


class Tuning(BaseModel):
    """Where settings and checkpoints were chosen before the study; the report warns of what that makes optimistic."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    split: Annotated[Literal["validation", "test"], Field(description="The examples by whose scores they were chosen.")]
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0, strict=True)], ...] | None,
        Field(
            min_length=1,
            strict=False,  # YAML has lists, not tuples
            description="The seeds of the runs by which they were chosen.",
            examples=[[100, 101]],
            json_schema_extra={"uniqueItems": True},
        ),
    ] = None
    trials: Annotated[
        Trials | None,
        Field(
            description="How many settings were tried: one number for every variant, or the number of each.",
            examples=[{"baseline": 5, "dropout": 40}],
        ),
    ] = None


class Plan(BaseModel):
    """How runs are compared: the `analysis` section of a study's config.

    The metric and its direction have no default: what a study compares is never guessed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    metric: Annotated[str, Field(min_length=1, description="The metric that is compared.")]
    higher_is_better: Annotated[bool, Field(description="False for a loss or an error.")]
    baseline: Annotated[str, Field(min_length=1, description="The variant that all others are compared with.")]
    confidence: Annotated[
        float, Field(gt=0.5, le=MOST_CONFIDENCE, description="Of every interval; alpha is 1 - confidence.")
    ] = 0.95
    pairing: Annotated[
        Literal["none", "seed"], Field(description="`seed` compares runs of one seed with each other (paired t).")
    ] = "none"
    variance: Annotated[
        Literal["separate", "pooled"],
        Field(description="`separate` is Welch's t; `pooled` is Dunnett's test against the baseline."),
    ] = "separate"
    question: Annotated[
        Literal["difference", "non-inferiority"] | None,
        # The default is no entry of its own, so that plans from before this key keep their hashes.
        AfterValidator(lambda asked: None if asked == "difference" else asked),
        Field(
            description="What decides: whether variants differ, the default, or with `non-inferiority` whether each is "
            "not worse than the baseline by more than the margin; lets a verdict say NON_INFERIOR.",
            examples=["non-inferiority"],
        ),
    ] = None
    margin: Annotated[
        float | None,
        Field(
            gt=0.0,
            le=1e150,
            description="Smallest difference that matters; lets a verdict say EQUIVALENT, or NON_INFERIOR if that is "
            "the question.",
        ),
    ] = None

    lost_value: Annotated[
        float | None,
        Field(
            ge=-1e150,  # scores beyond cannot be analysed
            le=1e150,
            description="Value at which a lost run is counted, to see whether a verdict hangs on it; by default the "
            "worst that any run of the study has.",
        ),
    ] = None

    looks: Annotated[
        tuple[Annotated[int, Field(ge=2, strict=True)], ...] | None,
        Field(
            min_length=1,
            strict=False,  # YAML has lists, not tuples
            description="Seeds per variant at which the study is analysed and may stop; the last is all of them.",
            examples=[[3, 5, 10]],
            json_schema_extra={"uniqueItems": True, "maxItems": MOST_LOOKS},
        ),
    ] = None

    tuned_on: Annotated[
        Tuning | None,
        Field(
            strict=False,
            description="Where settings were chosen before the study.",
            examples=[{"split": "validation", "seeds": [100, 101], "trials": 20}],
        ),
    ] = None

    @property
    def alpha(self) -> float:
        """The family-wise false-claim rate."""
        return 1.0 - self.confidence

    @property
    def non_inferiority_margin(self) -> float | None:
        """By how much a variant may be worse, if the question is non-inferiority; None if it is a difference."""
        return self.margin if self.question == "non-inferiority" else None

    @property
    def equivalence_margin(self) -> float | None:
        """Within which variants are equivalent, if the question is a difference."""
        return self.margin if self.question is None else None

    @property
    def within_margin(self) -> tuple[float, float] | None:
        """The differences within the margin; only losses, if the question is non-inferiority."""
        return None if self.margin is None else (-self.margin, self.equivalence_margin or 0.0)

    def at_level(self, alpha: float) -> Self:
        """Return this plan with another false-claim rate: that of a look."""
        return self.model_copy(update={"confidence": 1.0 - alpha})

    def digest(
        self,
        seeds: Sequence[int | str],
        variants: Sequence[str],
        columns: Mapping[str, str] | None = None,
        choices: Mapping[str, Any] | None = None,
    ) -> str:
        """The plan's hash: 12 hex digits of every field, the seeds and the family of variants, in any order.

        Of an evaluation also the columns that say what its answers are, and of every study the `choices` outside
        its section `analysis` that decide too.
        """
        # What is not declared is left out, so that a new optional key does not change the hashes of older plans.
        fields = self.model_dump(mode="json", exclude_none=True)
        declared = {**fields, "seeds": sorted(seeds, key=str), "variants": sorted(variants)}
        if columns:
            declared["columns"] = dict(columns)
        if choices:
            declared["choices"] = dict(choices)
        return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:12]
