"""The data card: a small file in a study's results that identifies the data of its runs by the digest of their content.

Runs depend on the card, not on the data themselves. Data that are deleted and made again, byte for byte, retrain
nothing; different data retrain the runs.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text


class DataCard(BaseModel):
    """The data that a study's runs read.

    Attributes:
        content: digest of the data.
        made_of: digest of everything that they were made of, which is part of their file's name.
        counts: number of examples of each part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    content: str
    made_of: str
    counts: dict[str, int]


def write_card(path: Path, card: DataCard) -> None:
    """Write a card atomically."""
    write_text(path, card.model_dump_json(indent=1) + "\n")


def read_card(path: Path) -> DataCard | None:
    """Read a card; None if the file does not exist.

    Raises:
        UserError: it is not a data card.
    """
    try:
        return DataCard.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise UserError(f"{path}: not a data card; delete it, and the next run of the study writes it again") from error
