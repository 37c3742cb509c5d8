"""The server of the live page: it answers this machine only, by its own name, and with nothing but the page."""

from __future__ import annotations

import http.client
import threading

import pytest

from seedwise.basics.errors import UserError
from seedwise.watch.live import Live
from seedwise.watch.server import Server
from tests.progress.test_states import asked, study  # noqa: F401 - a fixture


@pytest.fixture
def server(study, tmp_path):  # noqa: F811
    made = Server(Live(lambda: asked(study, tmp_path), [], tmp_path), 0)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def ask(server, path, host="127.0.0.1", method="GET", **more):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    try:
        connection.request(method, path, headers={"Host": host, **more})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def test_it_listens_to_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.address.startswith(f"http://127.0.0.1:{server.server_address[1]}/{server.secret}/")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:9000", "127.0.0.1"])
def test_its_own_names_are_answered_at_any_port_so_that_it_can_be_forwarded(server, host):
    status, page, headers = ask(server, f"/{server.secret}/", host.format(port=server.server_address[1]))
    assert status == 200
    assert "<title>s: watching</title>" in page
    assert "script-src 'nonce-" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost:x", "", "[::1]"]
)
def test_another_name_is_refused(server, host):
    for path in ("", "state", "run?n=0"):
        status, text, _ = ask(server, f"/{server.secret}/{path}", host)
        assert status == 421
        assert "A study" not in text


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_another_page_gets_no_answer(server, said):
    for path in ("", "state", "run?n=0"):
        status, text, headers = ask(server, f"/{server.secret}/{path}", **said)
        assert status == 403
        assert "A study" not in text
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_the_page_itself_and_a_followed_link_get_one(server, said):
    assert ask(server, f"/{server.secret}/state", **said)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/state", "/wrong/", "/{secret}", "/{secret}/../../etc/passwd", "/{secret}/page.css"),
        *("/{secret}//etc/passwd", "/{secret}/%2e%2e/state", "/{secret}/run", "/{secret}/run?n=8"),
        *("/{secret}/run?n=-1", "/{secret}/run?n=../0"),
        *("state", "run?n=0", "?", "state?since=0", "http://127.0.0.1/state", "{secret}/state"),
    ],
)
def test_there_is_nothing_else_and_nothing_without_the_secret(server, path):
    assert ask(server, path.format(secret=server.secret))[0] == 404


@pytest.mark.parametrize("since", ["", "?since=x", "?since=-1", f"?since={'9' * 50}", "?since=0&since=1"])
def test_any_version_gets_an_answer(server, since):
    status, text, headers = ask(server, f"/{server.secret}/state{since}")
    assert status == 200
    assert '"layout"' in text
    assert headers["Content-Type"].startswith("application/json")


def test_it_only_reads(server):
    assert ask(server, f"/{server.secret}/", method="POST")[0] == 501


def test_a_browser_that_goes_away_is_no_error(server, capsys):
    for error in (BrokenPipeError(), ConnectionResetError(), ValueError("a mistake of ours")):
        try:
            raise error
        except (OSError, ValueError):
            server.handle_error(None, ("127.0.0.1", 1))
    assert capsys.readouterr().err.count("Traceback") == 1


def test_a_port_in_use_is_one_line(server, study, tmp_path):  # noqa: F811
    live = Live(lambda: asked(study, tmp_path), [], tmp_path)
    with pytest.raises(UserError, match=r"--port: .* cannot be used .*name another, or leave it out"):
        Server(live, server.server_address[1])
    with pytest.raises(UserError, match="--port: 99999 cannot be used"):
        Server(live, 99999)
