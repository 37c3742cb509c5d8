"""The declared plan: everything that decides a verdict, fixed before results exist."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

MOST_LOOKS = 4


class Plan(BaseModel):
    """How runs are compared: the `analysis` section of a study's config.

    `margin` is the smallest difference that matters, in units of the metric; EQUIVALENT needs it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    metric: Annotated[str, Field(min_length=1, description="Column of the run records that is compared.")] = (
        "test_accuracy"
    )
    higher_is_better: Annotated[bool, Field(description="False for a loss or an error.")] = True
    baseline: Annotated[str, Field(min_length=1, description="The variant that all others are compared with.")]
    confidence: Annotated[float, Field(gt=0.5, lt=1.0, description="Of every interval; alpha is 1 - confidence.")] = (
        0.95
    )
    pairing: Annotated[
        Literal["none", "seed"], Field(description="`seed` compares runs of one seed with each other (paired t).")
    ] = "none"
    variance: Annotated[
        Literal["separate", "pooled"],
        Field(description="`separate` is Welch's t; `pooled` is Dunnett's test against the baseline."),
    ] = "separate"
    margin: Annotated[
        float | None, Field(gt=0.0, description="Smallest difference that matters; lets a verdict say EQUIVALENT.")
    ] = None

    looks: Annotated[
        tuple[Annotated[int, Field(ge=2, strict=True)], ...] | None,
        Field(
            min_length=1,
            strict=False,  # a list of YAML is no tuple
            description="Seeds per variant at which to look, analyse, and stop or go on; the last is all of them.",
            examples=[[3, 5, 10]],
            json_schema_extra={"uniqueItems": True, "maxItems": MOST_LOOKS},
        ),
    ] = None

    @property
    def alpha(self) -> float:
        """The family-wise false-claim rate."""
        return 1.0 - self.confidence

    def at_level(self, alpha: float) -> Self:
        """Return this plan with another false-claim rate, as a look has it."""
        return self.model_copy(update={"confidence": 1.0 - alpha})

    def digest(self, seeds: Sequence[int]) -> str:
        """The plan's hash: 12 hex digits over every field and the seeds, whatever their order."""
        # A plan without looks keeps the hash that it had before looks existed.
        fields = self.model_dump(mode="json", exclude={"looks"} if self.looks is None else set())
        declared = {**fields, "seeds": sorted(seeds)}
        return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:12]
