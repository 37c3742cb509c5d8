"""Secrets: which variables hold one, what may be written of them, and texts and streams without them."""

from __future__ import annotations

import pytest

from seedwise.basics.secrets import MASK, Veil, hide, is_secret_name, known, masked

KEY = "sk-0123456789abcdef"


@pytest.mark.parametrize(
    "name", ["API_KEY", "api_key", "HF_TOKEN", "KEY", "DB_PASSWORD", "PGPASSWORD", "A_SECRET_B", "AWS_CREDENTIALS"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert masked(name, "x") == MASK


@pytest.mark.parametrize(
    "name", ["TOKENIZERS_PARALLELISM", "MAX_TOKENS", "MONKEY", "KEYBOARD", "SECRETARY", "DATA_SEED", ""]
)
def test_names_of_other_variables(name: str) -> None:
    assert not is_secret_name(name)
    assert masked(name, "x") == "x"


def test_a_value_that_depends_on_the_run_is_no_secret() -> None:
    assert masked("DATA_KEY", "fold-{seed}") == "fold-{seed}"


@pytest.mark.parametrize("address", ["postgresql://me:pa55word@host:5432/runs", "https://:pa55word@host/x?y=1"])
def test_of_an_address_only_the_user_and_the_password_are_masked(address: str) -> None:
    assert masked("STORAGE", address) == address.replace(address.split("//")[1].split("@")[0], MASK)


@pytest.mark.parametrize("address", ["https://host:8080/a@b", "https://me@host/x:y", "git@host:me/repository", "a:b@c"])
def test_other_addresses_stay_as_they_are(address: str) -> None:
    assert masked("STORAGE", address) == address


def test_known_secrets_are_hidden_in_texts(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("MY_API_KEY", KEY)
    monkeypatch.setenv("SIGNING_KEY", "-----BEGIN-----\nMIIEvQIBADANBg\n-----END-----")
    monkeypatch.setenv("SHORT_TOKEN", "seed")
    monkeypatch.setenv("CREDENTIALS", str(tmp_path))
    monkeypatch.setenv("A_PROXY", "http://me:proxy-password@host")
    text = f"{KEY} of seed 1 in {tmp_path}: MIIEvQIBADANBg, proxy-password, ftp://you:hush@host/file"
    assert hide(text) == f"*** of seed 1 in {tmp_path}: ***, ***, ftp://***@host/file"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_is_masked_however_it_is_cut(size: int) -> None:
    text = f"skipped: sk-01\n{KEY}{KEY}, sk-0123456789abcde\n-- {KEY[:-1]}".encode()
    veil = Veil(known({"API_KEY": KEY}))
    passed = [veil(text[begin : begin + size]) for begin in range(0, len(text), size)]
    assert b"".join([*passed, veil.rest()]) == text.replace(KEY.encode(), b"***")


def test_a_line_that_is_no_secret_passes_at_once() -> None:
    assert Veil(known({"API_KEY": KEY}))(b"epoch 1\n") == b"epoch 1\n"
