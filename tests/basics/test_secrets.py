"""Secrets: which variables hold one, what may be written of them, and texts and streams without them."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seedwise.basics.secrets import MASK, Veil, hide, is_secret_name, known, masked

KEY = "sk-0123456789abcdef"
SECRETS = (
    "API_KEY api_key apiKey API_KEY2 AWS_SECRET_ACCESS_KEY KEY KEYS HF_TOKEN HFTOKEN TOKENS API_TOKENS DB_PASSWORD "
    "PGPASSWORD PASSWORD DB_PASS PASS DB_PWD GPG_PASSPHRASE A_SECRET_B SECRETS CLIENTSECRET AWS_CREDENTIALS DB_CREDS "
    "GITHUB_PAT MY_JWT TRAIN_SERVER_TOKEN"
)


@pytest.mark.parametrize("name", SECRETS.split())
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert masked(name, "x") == MASK


OTHERS = (
    "TOKENIZERS_PARALLELISM MAX_TOKENS MAX_NEW_TOKENS TOKENS_PER_BATCH PAD_TOKEN PAD_TOKEN_ID EOS_TOKEN padToken "
    "SORT_KEY KEY_DIM MONKEY KEYBOARD SECRETARY PATH PATTERN PASSES FORWARD_PASS COMPASS PWD OLDPWD DATA_SEED"
)


@pytest.mark.parametrize("name", OTHERS.split())
def test_names_of_other_variables(name: str) -> None:
    assert not is_secret_name(name)
    assert masked(name, "x") == "x"


def test_a_number_of_tokens_is_no_secret() -> None:
    assert masked("TRAIN_TOKENS", "1e9") == "1e9"
    assert masked("TRAIN_TOKENS", KEY) == MASK


def test_a_value_that_depends_on_the_run_is_no_secret() -> None:
    assert masked("DATA_KEY", "fold-{seed}") == "fold-{seed}"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:pa55word@host:5432/runs",
        "https://:pa55word@host/x?y=1",
        "https://me:pa@55@word@host/a@b",
        "mysql://me:pa/55?word#@host/runs",
        "https://ghp0123456789abcdef@host/me/repository.git",
        "https://abcdefghijklmnopqrstuvwx@host",
    ],
)
def test_of_an_address_only_the_user_and_the_password_are_masked(address: str) -> None:
    scheme, _, rest = address.partition("://")
    assert masked("STORAGE", address) == f"{scheme}://{MASK}@{rest[rest.index('@host') + 1 :]}"


@pytest.mark.parametrize(
    "address",
    [
        *("https://host:8080/a@b", "https://host/a:b@c", "http://[::1]:8080/a@b", "https://me@host/x:y"),
        *("git@host:me/repository", "ssh://build01234@host/x", "a:b@c", "docker://image:tag@sha256:0123"),
    ],
)
def test_other_addresses_stay_as_they_are(address: str) -> None:
    assert masked("STORAGE", address) == address


PASSWORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=8, max_size=40)


@given(PASSWORDS, st.sampled_from(["", "me", "me.you", "a-b"]), st.sampled_from(["host", "host:80/x?y=1#z", "host/a"]))
def test_no_password_in_an_address_leaks(password: str, user: str, rest: str) -> None:
    assume(not re.match(r"\d*[/?#]", password) or "@" in re.split("[/?#]", password)[0])
    assume("sha256:" not in password)
    assume(not re.search("@.*[/?#]", password))  # what follows is read as the path of an address
    assert masked("STORAGE", f"db://{user}:{password}@{rest}") == f"db://{MASK}@{rest}"


def test_known_secrets_are_hidden_in_texts(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("MY_API_KEY", KEY)
    monkeypatch.setenv("SIGNING_KEY", "-----BEGIN-----\nMIIEvQIBADANBg\n-----END-----")
    monkeypatch.setenv("SHORT_TOKEN", "seed")
    monkeypatch.setenv("CREDENTIALS", str(tmp_path))
    monkeypatch.setenv("A_PROXY", "http://me:proxy-password@host")
    text = f"{KEY} of seed 1 in {tmp_path}: MIIEvQIBADANBg, proxy-password, ftp://you:hush@host/file"
    assert hide(text) == f"*** of seed 1 in {tmp_path}: ***, ***, ftp://***@host/file"


def test_a_password_that_an_address_has_to_encode_is_known_in_both_forms() -> None:
    assert known({"STORAGE": "db://me:p%40ss-word@host"}) == ["p%40ss-word", "p@ss-word"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_is_masked_however_it_is_cut(size: int) -> None:
    text = f"skipped: sk-01\n{KEY}{KEY}, sk-0123456789abcde\n-- {KEY[:-1]}".encode()
    veil = Veil(known({"API_KEY": KEY}))
    passed = [veil(text[begin : begin + size]) for begin in range(0, len(text), size)]
    assert b"".join([*passed, veil.rest()]) == text.replace(KEY.encode(), b"***")


ALIKE = st.text("ab", min_size=3, max_size=8)


@given(st.lists(ALIKE, min_size=1, max_size=4), st.lists(st.text("abc", max_size=9), max_size=9))
def test_no_byte_of_a_secret_passes_however_secrets_overlap(secrets: list[str], pieces: list[str]) -> None:
    text = "".join(pieces)
    within = {
        place
        for secret in secrets
        for begin in range(len(text))
        if text.startswith(secret, begin)
        for place in range(begin, begin + len(secret))
    }
    veil = Veil(secrets)
    passed = b"".join([*map(veil, map(str.encode, pieces)), veil.rest()]).decode()
    assert passed.replace(MASK, "") == "".join(letter for place, letter in enumerate(text) if place not in within)
    assert (MASK in passed) == bool(within)


def test_a_line_that_is_no_secret_passes_at_once() -> None:
    assert Veil(known({"API_KEY": KEY}))(b"epoch 1\n") == b"epoch 1\n"
