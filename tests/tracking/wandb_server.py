"""A fake W&B server on the loopback interface: it stores runs, answers `wandb.Api()`, and can be made to fail.

No open server both records runs and answers `wandb.Api()` with this version of wandb, so this one does, as far as
Seedwise needs it. Use it as `with WandbServer() as server:` and give processes `server.environment()`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0123456789abcdef0123456789abcdef5eed3153"  # of the right length, known only to this server
ENTITY = "someone"
LONGEST = 60  # seconds before a hanging call is answered


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Ignore clients that have closed their connection."""


@dataclass
class StoredRun:
    """One run on the server; `history` has the rows by line number."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    state: str = "running"
    created: int = 0
    started: int = 0  # how often a process started to write it

    def node(self) -> dict[str, Any]:
        """Return the run in the form of a GraphQL answer."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + self.created))
        return {
            "id": self.name,
            "projectId": "1",
            "internalId": self.name,
            "name": self.name,
            "displayName": self.fields.get("displayName") or self.name,
            "sweepName": None,
            "state": self.state,
            "config": json.dumps({key: {"value": value} for key, value in self.config.items()}),
            "group": self.fields.get("groupName"),
            "jobType": self.fields.get("jobType"),
            "tags": self.fields.get("tags") or [],
            "notes": self.fields.get("notes"),
            "commit": self.fields.get("commit"),
            "readOnly": False,
            "createdAt": stamp,
            "heartbeatAt": stamp,
            "description": None,
            "systemMetrics": "{}",
            "summaryMetrics": json.dumps(self.summary),
            "historyLineCount": len(self.history),
            "historyKeys": {"lastStep": len(self.history), "keys": {}},
            "user": {"name": ENTITY, "username": ENTITY},
        }

    def bucket(self) -> dict[str, Any]:
        """Return the run in the form of an answer to an upsert."""
        project = {"id": "1", "name": self.fields.get("project"), "entity": {"id": "1", "name": ENTITY}}
        return {**self.node(), "project": project, "historyLineCount": 0, "sweepName": ""}


@dataclass
class StoredArtifact:
    """An artifact: its files arrive one by one, then its manifest, then the commit."""

    run: str
    name: str
    kind: str
    files: dict[str, bytes] = field(default_factory=dict)
    committed: bool = False

    def node(self) -> dict[str, Any]:
        """Return the artifact in the form of a GraphQL answer."""
        state = "COMMITTED" if self.committed else "PENDING"
        return {"id": self.name, "digest": "", "state": state, "artifactSequence": {"latestArtifact": None}}


class WandbServer:
    """The server and its switches.

    `fault` is None, an HTTP status that every call is answered with, "hang" (no answer), or "dead" (it stops
    listening). It starts once `after` calls have been answered, as if the server failed during a run.
    """

    def __init__(self, fault: str | int | None = None, after: int = 0) -> None:
        self.fault, self.after = fault, after
        self.runs: dict[str, StoredRun] = {}
        self.artifacts: dict[str, StoredArtifact] = {}
        self.calls: list[str] = []
        self.lock = threading.Lock()
        self._released = threading.Event()
        self._http = _QuietServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> WandbServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and release every hanging call."""
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def environment(self, key: str = KEY) -> dict[str, str]:
        """The environment variables with which a process uses this server."""
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": key}

    def trouble(self, handler: BaseHTTPRequestHandler, path: str) -> bool:
        """Whether a switch has answered or dropped this call."""
        if self.fault is None or "/otel/" in path:
            return False
        with self.lock:
            self.after -= 1
            if self.after >= 0:
                return False
        if self.fault == "dead":
            handler.close_connection = True
            self._http.socket.close()
            return True
        if self.fault == "hang":
            self._released.wait(LONGEST)
            handler.close_connection = True
            return True
        _answer(handler, int(self.fault), {"errors": [{"message": f"made to answer {self.fault}"}]})
        return True

    def add(self, name: str, config: dict[str, Any], summary: dict[str, Any], state: str = "finished") -> StoredRun:
        """Store a run as if it had been logged."""
        run = self.runs[name] = StoredRun(name, {}, config, summary, state=state, created=len(self.runs))
        return run

    def graphql(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Answer a GraphQL call by the name of its operation."""
        operation = query.replace("#graphql", "").split("(")[0].split("{")[0].split()[-1]
        self.calls.append(operation)
        answer = getattr(self, f"_{operation}", None)
        return {"data": answer(variables) if answer else {}}

    def _Viewer(self, _: dict[str, Any]) -> dict[str, Any]:
        viewer = {"id": "1", "entity": ENTITY, "username": ENTITY, "flags": "{}", "teams": {"edges": []}}
        return {"viewer": {**viewer, "name": ENTITY, "email": "", "admin": False, "apiKeys": {"edges": []}}}

    _GetDefaultEntity = _Viewer

    def _ServerFeaturesQuery(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"serverInfo": {"features": []}}

    def _UpsertBucket(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = self.runs.setdefault(variables["name"], StoredRun(variables["name"], created=len(self.runs)))
        run.fields |= {key: value for key, value in variables.items() if value is not None}
        config = json.loads(variables.get("config") or "{}")
        run.config |= {key: item["value"] for key, item in config.items() if key != "_wandb"}
        run.state = "running"
        return {"upsertBucket": {"bucket": run.bucket(), "inserted": True}}

    def _CreateRunFiles(self, variables: dict[str, Any]) -> dict[str, Any]:
        files = [
            {"name": name, "uploadUrl": f"{self.url}/upload/{variables['run']}/{name}"} for name in variables["files"]
        ]
        answer = {"runID": variables["run"], "uploadHeaders": [], "files": files}
        return {"createRunFiles": answer}

    def _CreateArtifact(self, variables: dict[str, Any]) -> dict[str, Any]:
        wanted = variables["input"]
        name = wanted["artifactCollectionName"]
        artifact = self.artifacts[name] = StoredArtifact(wanted["runName"], name, wanted["artifactTypeName"])
        return {"createArtifact": {"artifact": artifact.node()}}

    def _CreateArtifactManifest(self, variables: dict[str, Any]) -> dict[str, Any]:
        name, file = variables["artifactID"], variables["name"]
        upload = {"id": file, "uploadUrl": f"{self.url}/artifact/{name}/{file}", "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": name, "file": upload}}}

    _UpdateArtifactManifest = _CreateArtifactManifest

    def _CreateArtifactFiles(self, variables: dict[str, Any]) -> dict[str, Any]:
        nodes = []
        for wanted in variables["input"]["artifactFiles"]:
            name, file = wanted["artifactID"], wanted["name"]
            url = f"{self.url}/artifact/{name}/{file}"
            nodes.append({"storagePath": file, "uploadUrl": url, "uploadHeaders": [], "artifact": {"id": name}})
        return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}

    def _CommitArtifact(self, variables: dict[str, Any]) -> dict[str, Any]:
        artifact = self.artifacts[variables["artifactID"]]
        artifact.committed = True
        return {"commitArtifact": {"artifact": artifact.node()}}

    def _Runs(self, variables: dict[str, Any]) -> dict[str, Any]:
        wanted = json.loads(variables.get("filters") or "{}")
        found = [run for run in sorted(self.runs.values(), key=lambda run: run.created) if _fits(run, wanted)]
        start = int(variables.get("cursor") or 0)
        end = start + int(variables.get("perPage") or 50)
        edges = [{"node": run.node(), "cursor": str(start + i + 1)} for i, run in enumerate(found[start:end])]
        page = {"endCursor": str(end), "hasNextPage": end < len(found)}
        runs = {"totalCount": len(found), "edges": edges, "pageInfo": page}
        return {"project": {"internalId": "1", "runCount": len(found), "readOnly": False, "runs": runs}}

    def _Run(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = self.runs.get(variables["name"])
        return {"project": {"internalId": "1", "run": run.node() if run else None}}

    def stream(self, name: str, body: dict[str, Any]) -> None:
        """Store history rows, the summary and the end of a run."""
        run = self.runs[name]
        for file, chunk in (body.get("files") or {}).items():
            rows = [json.loads(line) for line in chunk["content"]] if file.endswith(".jsonl") else []
            if file == "wandb-history.jsonl":
                if chunk["offset"] == 0:
                    run.started += 1
                    run.history.clear()
                run.history |= {chunk["offset"] + index: row for index, row in enumerate(rows)}
            elif file == "wandb-summary.json":
                run.summary = json.loads(chunk["content"][-1])
        if body.get("complete"):
            run.state = "finished" if body.get("exitcode") == 0 else "failed"


def _fits(run: StoredRun, filters: dict[str, Any]) -> bool:
    """Whether a run matches Mongo-like filters; only equality and `$and` are supported."""
    known = {"group": run.fields.get("groupName"), "state": run.state, "jobType": run.fields.get("jobType")}
    known |= {f"config.{key}": value for key, value in run.config.items()}
    known |= {f"config.{key}.value": value for key, value in run.config.items()}
    parts = [*filters.get("$and", []), {key: value for key, value in filters.items() if key != "$and"}]
    return all(known.get(key) == value for part in parts for key, value in part.items())


def _answer(handler: BaseHTTPRequestHandler, status: int, body: object) -> None:
    text = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


def _handler(server: WandbServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = LONGEST

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if server.trouble(self, self.path):
                return
            if "/otel/" in self.path:
                _answer(self, 404, {})
            elif not self._authorised():
                _answer(self, 401, {"errors": [{"message": "invalid API key"}]})
            elif self.path == "/graphql":
                call = json.loads(body)
                with server.lock:
                    answer = server.graphql(call["query"], call.get("variables") or {})
                _answer(self, 200, answer)
            elif self.path.endswith("/file_stream"):
                with server.lock:
                    server.calls.append("file_stream")
                    server.stream(self.path.split("/")[-2], json.loads(body))
                _answer(self, 200, {"limits": {}})
            else:
                _answer(self, 404, {})

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if server.trouble(self, self.path):
                return
            _, place, name, file = self.path.split("/", 3)
            with server.lock:
                kept = server.artifacts if place == "artifact" else server.runs
                kept[name].files[file] = body
            _answer(self, 200, {})

        def do_GET(self) -> None:
            if not server.trouble(self, self.path):
                _answer(self, 404, {})

        def _authorised(self) -> bool:
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            with contextlib.suppress(ValueError):
                return scheme == "Basic" and base64.b64decode(token).decode().split(":")[-1] == KEY
            return False

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
