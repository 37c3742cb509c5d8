"""Headless Chromium for tests, which records the console messages and network requests of each page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
LIMIT = 20_000  # time limit of every wait, in milliseconds
LOCAL = ("file:", "data:", "blob:", "about:")


@dataclass
class Visit:
    """An open page, with its console messages and all of its requests that are not for local files."""

    page: object
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def launch():
    """Start playwright and Chromium; without Chromium skip the test, except in CI, where it is required."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    driver = sync_playwright().start()
    return driver, driver.chromium.launch(executable_path=found, args=FLAGS, timeout=60_000)


@contextmanager
def visiting(
    browser, place: Path | str, width: int = 1280, height: int = 900, scheme: str = "light"
) -> Iterator[Visit]:
    """Open a file or an address in its own window."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(LIMIT)
    visit = Visit(context.new_page())
    visit.page.on("console", lambda message: visit.messages.append(f"{message.type}: {message.text}"))
    visit.page.on("pageerror", lambda error: visit.messages.append(f"uncaught: {error}"))
    visit.page.on("request", lambda request: request.url.startswith(LOCAL) or visit.requests.append(request.url))
    try:
        visit.page.goto(place if isinstance(place, str) else place.resolve().as_uri())
        yield visit
    finally:
        context.close()
