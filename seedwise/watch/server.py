"""Serves a live page to this machine only: three answers, all of them made here, and no file."""

from __future__ import annotations

import json
import secrets
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from seedwise.basics.errors import UserError
from seedwise.watch.live import Live
from seedwise.watch.page import render_page

LOOPBACK = "127.0.0.1"
HOSTS = (LOOPBACK, "localhost")
"""Names by which the page may be asked for, at any port, so that it can be forwarded. A page of another site whose name
was made to lead here (DNS rebinding) asks by that name.
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingHTTPServer):
    """The server of one study's page.

    The address contains a secret, because other users of this machine can reach its loopback interface too.

    Args:
        live: the study.
        port: to listen at; 0 for any free one.

    Raises:
        UserError: the port cannot be used.
    """

    daemon_threads = True

    def __init__(self, live: Live, port: int) -> None:
        self.live, self.secret = live, secrets.token_urlsafe(9)
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except (OSError, OverflowError) as error:
            raise UserError(f"--port: {port} cannot be used ({error}); name another, or leave it out") from error

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless a browser has just gone away."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/{self.secret}/"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 20
    server_version, sys_version = "seedwise", ""

    def do_GET(self) -> None:
        if not self._is_ours():
            self._send(
                HTTPStatus.MISDIRECTED_REQUEST, "text/plain", "This page answers to 127.0.0.1 and localhost only.\n"
            )
            return
        if self._is_asked_by_another_page():
            self._send(HTTPStatus.FORBIDDEN, "text/plain", "Only the page itself may ask for this.\n")
            return
        asked = urlsplit(self.path)
        live, query = self.server.live, parse_qs(asked.query)
        root = f"/{self.server.secret}/"
        # A request may ask for any text, also for `state` without a slash.
        match asked.path.removeprefix(root) if asked.path.startswith(root) else None:
            case "":
                nonce = secrets.token_urlsafe(16)
                self._send(HTTPStatus.OK, "text/html", render_page(live.answer(), nonce=nonce), nonce)
            case "state":
                self._send_json(live.answer(_whole(query.get("since"))))
            case "run" if (detail := live.detail(_whole(query.get("n"), -1))) is not None:
                self._send_json(detail)
            case _:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", "Open the address that `seedwise watch` has printed.\n")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Print nothing: a page asks every other second."""

    def _is_ours(self) -> bool:
        name, _, port = self.headers.get("Host", "").partition(":")
        return name.lower() in HOSTS and (port.isdigit() or not port)

    def _is_asked_by_another_page(self) -> bool:
        """Whether a page of another site asks. It could read no answer; a link to the page may be followed."""
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "none")
        if origin is not None and urlsplit(origin).netloc.lower() != self.headers.get("Host", "").lower():
            return True
        return site not in ("same-origin", "none") and self.headers.get("Sec-Fetch-Mode") != "navigate"

    def _send_json(self, value: object) -> None:
        self._send(HTTPStatus.OK, "application/json", json.dumps(value, separators=(",", ":"), allow_nan=False))

    def _send(self, status: HTTPStatus, kind: str, text: str, nonce: str = "") -> None:
        content = text.encode()
        allowed = f"; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:"
        policy = (
            f"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'{allowed if nonce else ''}"
        )
        self.send_response(status)
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(content))}
        for key, value in (headers | _HEADERS | {"Content-Security-Policy": policy}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)


def _whole(words: list[str] | None, default: int = 0) -> int:
    """Read a number from a query."""
    word = words[0] if words else ""
    return int(word) if word.isdecimal() and len(word) < 10 else default
