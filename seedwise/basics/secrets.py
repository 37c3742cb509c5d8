"""Secrets in environment variables: which hold one, how the program of a study gets it, and texts without it.

A variable holds a secret if its name says so, and so does an address with a password in it. What a study gives to
such a variable is handed to the program in the environment alone; no file and no command line of Seedwise contains it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import AnyStr
from urllib.parse import unquote

MASK = "***"
HELD = "SEEDWISE_SECRET_"
"""Before a variable's name: the value that the study gives it; empty where the study asks for one that is not set."""
SHORTEST = 8
"""Length from which a secret is masked in what a program prints; shorter ones may be parts of words."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ALWAYS = re.compile(r"\w*(PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|APIKEY)S?")  # also PGPASSWORD
_OFTEN = re.compile(r"KEYS?|\w*TOKENS?|PASS|PAT|PWD|CREDS?|JWT|BEARER|AUTHORIZATION")
# Beside one of these, such a word is of something else: SORT_KEY, PAD_TOKEN, MAX_TOKENS, KEY_DIM, FORWARD_PASS.
_BEFORE = re.compile(
    "SORT|SORTING|ORDER|GROUP|METRIC|COLUMN|DICT|LABEL|FEATURE|INPUT|OUTPUT|TARGET|QUERY|FOREIGN|PARTITION|GLOB"
    "|PAD|PADDING|EOS|BOS|UNK|SEP|CLS|MASK|SPECIAL|STOP|START|BEGIN|END|IMAGE|MAX|MIN|NUM|N|NEW|TOTAL|PER"
    "|FORWARD|BACKWARD|SINGLE|FIRST|SECOND|ONE|TWO|MULTI"
)
_AFTER = re.compile("DIMS?|SIZE|LENGTH|LEN|TYPE|COUNT|LIMIT|BUDGET|DROPOUT|HEADS|PER|EMBEDDINGS?")
_COUNTED = re.compile(r"(KEY|TOKEN)S")
_PLACEHOLDER = re.compile(r"\{[A-Za-z_][\w.-]*\}")
# A password ends at the last @ of its address, and may contain / ? # if what follows the colon is no port. Without
# one, a long user name, or one of letters and digits, is a token; me@host has none, nor has any address of ssh.
_USER = r"[^\s/?#@:\[]"
_IN_ADDRESS = re.compile(
    rf"(?<=://)(?:{_USER}*:(?P<password>[^\s/?#]+|(?!\d*[/?#])\S{{1,200}})"
    rf"|(?<!ssh://)(?<!sftp://)(?P<token>{_USER}{{20,}}|(?={_USER}*\d)(?={_USER}*[A-Za-z]){_USER}{{8,}}))"
    r"(?=@(?!sha256:))"
)


def is_secret_name(name: str) -> bool:
    """Whether a variable is called like a secret: `API_KEY` and `DB_PASS` are, `PAD_TOKEN` and `SORT_KEY` are not."""
    words = [word.upper() for word in _WORD.findall(name)]
    if words == ["PWD"]:  # the shell's
        return False
    around = zip(["", *words], words, [*words[1:], ""], strict=False)
    return any(
        _ALWAYS.fullmatch(word)
        or (_OFTEN.fullmatch(word) and not _BEFORE.fullmatch(before) and not _AFTER.fullmatch(after))
        for before, word, after in around
    )


def _is_secret(name: str, value: str) -> bool:
    """Whether a variable holds a secret; `TRAIN_TOKENS: 1e9` is a number of tokens."""
    return is_secret_name(name) and not (_COUNTED.search(name.upper()) and _is_number(value))


def has_password(text: str) -> bool:
    """Whether a text contains an address with a password or a token: `https://user:password@host`."""
    return _IN_ADDRESS.search(text) is not None


def masked(name: str, value: str) -> str:
    """Return what may be written of a variable's value; a value that depends on the run is no secret."""
    if _is_secret(name, value) and not _PLACEHOLDER.search(value):
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
        for match in _IN_ADDRESS.finditer(value):
            secret = match["password"] or match["token"]
            found.update([secret, unquote(secret)])
        if _is_secret(name.removeprefix(HELD), value) and not _is_path(value):
            found.update([value, *value.splitlines()])  # a private key has several lines, and logs are shown by line
    return sorted((secret for secret in found if len(secret) >= SHORTEST), key=len, reverse=True)


def hide(text: str) -> str:
    """Mask the known secrets in a text that is to be shown or saved."""
    begin, shown = 0, []
    for first, end in _places(text, known()):
        shown += [text[begin:first], MASK]
        begin = end
    return _IN_ADDRESS.sub(MASK, "".join([*shown, text[begin:]]))


class Veil:
    """Masks secrets in a stream of bytes, also those that come in pieces, overlap, or begin like each other."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [os.fsencode(secret) for secret in secrets]
        self._begins = {secret[:length] for secret in self._secrets for length in range(1, len(secret))}
        self._longest = max(map(len, self._begins), default=0)
        self._kept = b""
        self._masked = 0  # bytes of what is kept that belong to a secret in whose place the mask was passed on

    def __call__(self, piece: bytes) -> bytes:
        """Return what can be passed on; the end of a piece is kept while it may be the beginning of a secret."""
        text = self._kept + piece
        lengths = range(min(self._longest, len(text)), 0, -1)
        kept = next((length for length in lengths if text[-length:] in self._begins), 0)
        return self._pass_on(text, len(text) - kept)

    def rest(self) -> bytes:
        """Return what was kept, once the stream has ended."""
        return self._pass_on(self._kept, len(self._kept))

    def _pass_on(self, text: bytes, until: int) -> bytes:
        """Return the text up to a place, with secrets masked, and keep what follows."""
        if until == 0:
            self._kept = text
            return b""
        shown, begin, masked = [], 0, 0
        for first, end in _places(text, self._secrets, self._masked):
            if first >= until:
                break
            shown += [text[begin:first], b"" if first == 0 and self._masked else MASK.encode()]
            begin, masked = min(end, until), max(end - until, 0)
        self._kept, self._masked = text[until:], masked
        return b"".join([*shown, text[begin:until]])


def _places(text: AnyStr, secrets: Iterable[AnyStr], masked: int = 0) -> list[tuple[int, int]]:
    """Return where secrets begin and end in a text, those that overlap as one, after what is `masked` already."""
    found = [(0, masked)] if masked else []
    for secret in secrets:
        begin = text.find(secret)
        while begin >= 0:
            found.append((begin, begin + len(secret)))
            begin = text.find(secret, begin + 1)
    places: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if places and begin < places[-1][1]:
            places[-1] = (places[-1][0], max(end, places[-1][1]))
        else:
            places.append((begin, end))
    return places


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_path(value: str) -> bool:
    """Whether a value names a file that is there, such as the one with the key; a path is no secret."""
    try:
        return value.startswith(("/", "~")) and Path(value).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False
