"""Secrets in environment variables: which hold one, how the program of a study gets it, and texts without it.

A variable holds a secret if its name says so, and so does an address with a password in it. What a study gives to
such a variable is handed to the program in the environment alone; no file and no command line of Seedwise contains it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

MASK = "***"
HELD = "SEEDWISE_SECRET_"
"""Before a variable's name: the value that the study gives it; empty where the study asks for one that is not set."""
SHORTEST = 8
"""Length from which a secret is masked in what a program prints; shorter ones may be parts of words."""
_WORDS = {"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS", "PGPASSWORD"}
_PLACEHOLDER = re.compile(r"\{[A-Za-z_][\w.-]*\}")
_IN_ADDRESS = re.compile(r"(?<=://)([^\s/?#@:]*):([^\s/?#@]+)(?=@)")


def is_secret_name(name: str) -> bool:
    """Whether a variable is called like a secret: `API_KEY` is, `TOKENIZERS_PARALLELISM` is not."""
    return not _WORDS.isdisjoint(name.upper().split("_"))


def has_password(text: str) -> bool:
    """Whether a text contains an address with a password: `https://user:password@host`."""
    return _IN_ADDRESS.search(text) is not None


def masked(name: str, value: str) -> str:
    """Return what may be written of a variable's value; a value that depends on the run is no secret."""
    if is_secret_name(name) and not _PLACEHOLDER.search(value):
        return MASK
    return _IN_ADDRESS.sub(MASK, value)


def hold(variables: Mapping[str, str | None]) -> None:
    """Keep what a study's `env:` says and no file may, in the environment of this process and its jobs."""
    for name in [name for name in os.environ if name.startswith(HELD)]:  # perhaps of another study
        del os.environ[name]
    for name, value in variables.items():
        if value is None:
            if name not in os.environ:
                os.environ[HELD + name] = ""
        elif masked(name, value) != value:
            os.environ[HELD + name] = value


def held() -> dict[str, str]:
    """Return the values that `hold` keeps, by the names of their variables."""
    return {name.removeprefix(HELD): value for name, value in os.environ.items() if name.startswith(HELD)}


def known(variables: Mapping[str, str] | None = None) -> list[str]:
    """Return the secrets in environment variables, longest first; by default in those of this process."""
    found: set[str] = set()
    for name, value in (os.environ if variables is None else variables).items():
        found.update(password for _, password in _IN_ADDRESS.findall(value))
        if is_secret_name(name.removeprefix(HELD)) and not _is_path(value):
            found.update([value, *value.splitlines()])  # a private key has several lines, and logs are shown by line
    return sorted((secret for secret in found if len(secret) >= SHORTEST), key=len, reverse=True)


def hide(text: str) -> str:
    """Mask the known secrets in a text that is to be shown or saved."""
    for secret in known():
        text = text.replace(secret, MASK)
    return _IN_ADDRESS.sub(MASK, text)


class Veil:
    """Masks secrets in a stream of bytes, also those that come in two pieces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [os.fsencode(secret) for secret in secrets]
        self._begins = {secret[:length] for secret in self._secrets for length in range(1, len(secret))}
        self._longest = max(map(len, self._begins), default=0)
        self._kept = b""

    def __call__(self, piece: bytes) -> bytes:
        """Return what can be passed on; the end of a piece is kept while it may be the beginning of a secret."""
        text = self._kept + piece
        for secret in self._secrets:
            text = text.replace(secret, MASK.encode())
        lengths = range(min(self._longest, len(text)), 0, -1)
        kept = next((length for length in lengths if text[-length:] in self._begins), 0)
        self._kept = text[len(text) - kept :]
        return text[: len(text) - kept]

    def rest(self) -> bytes:
        """Return what was kept, once the stream has ended."""
        kept, self._kept = self._kept, b""
        return kept


def _is_path(value: str) -> bool:
    """Whether a value names a file that is there, such as the one with the key; a path is no secret."""
    try:
        return value.startswith(("/", "~")) and Path(value).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False
