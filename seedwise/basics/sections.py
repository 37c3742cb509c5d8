"""The base of every section of a config: strict numbers, names that become folders, no unknown keys."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from seedwise.basics.names import problem, quote
from seedwise.basics.secrets import has_password


def seen(text: str) -> str:
    """Return what a reader sees of a text: without invisible characters, and with one form of each character."""
    shown = "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFKC", text))
    return " ".join("".join(character for character in shown if unicodedata.category(character)[0] != "C").split())


def _seen(text: str) -> str:
    if not seen(text):
        raise problem(f"found {quote(text)}, of which nothing can be seen; need text")
    return " ".join(text.split())


def _without_password(address: str) -> str:
    if has_password(address):
        raise problem(
            "found a password, which would stand in files of the results; leave it out and export it: "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD for a server, PGPASSWORD for a database"
        )
    return address


# true and "3" are not numbers, but 3 is a float.
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
# A name becomes a folder and a Snakemake wildcard: no "..", no dot at the end.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$")]

Address = Annotated[str, Field(min_length=1), AfterValidator(_without_password)]
Visible = Annotated[str, Field(min_length=1), AfterValidator(_seen)]


class Section(BaseModel):
    """A mapping of the config: unknown keys are errors, and values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
