"""The part of a Kubernetes API server that kubectl needs to create and watch Jobs; a pod is a local process.

It shows what the profile asks Kubernetes for and that a study runs on it. It is not Kubernetes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

BATCH = {"groupVersion": "batch/v1", "version": "v1"}
VERBS = ["create", "delete", "get", "list"]
DISCOVERY: dict[str, dict[str, Any]] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [{"name": "batch", "versions": [BATCH], "preferredVersion": BATCH}],
    },
    "/apis/batch/v1": {
        "kind": "APIResourceList",
        "groupVersion": "batch/v1",
        "resources": [{"name": "jobs", "singularName": "job", "namespaced": True, "kind": "Job", "verbs": VERBS}],
    },
}


@dataclass
class ApiServer:
    """The server, the requests that it got, and the pods that it started."""

    folder: Path
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Serve on the loopback interface, and write a kubeconfig for this address."""
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        Thread(target=self.http.serve_forever, daemon=True).start()
        cluster = {"name": "here", "cluster": {"server": f"http://127.0.0.1:{self.http.server_port}"}}
        context = {"name": "here", "context": {"cluster": "here", "user": "me"}}
        config = {"clusters": [cluster], "contexts": [context], "current-context": "here"}
        config |= {"apiVersion": "v1", "kind": "Config", "users": [{"name": "me", "user": {}}]}
        self.kubeconfig.write_text(json.dumps(config))

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def stop(self) -> None:
        """Stop the server and all pods."""
        self.http.shutdown()
        self.http.server_close()
        for pod in self.pods.values():
            if pod.poll() is None:
                os.killpg(pod.pid, signal.SIGKILL)
            pod.wait()

    def run(self, job: dict[str, Any]) -> None:
        """Start the only container of a job."""
        name = job["metadata"]["name"]
        self.jobs[name] = job
        [container] = job["spec"]["template"]["spec"]["containers"]
        job["script"] = Path(container["command"][-1]).read_text()  # kept for the tests because Snakemake deletes it
        with (self.folder / f"{name}.log").open("wb") as log:
            self.pods[name] = subprocess.Popen(
                container["command"],
                cwd=container["workingDir"],
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def status(self, name: str) -> dict[str, int]:
        """Return the status of a job in the form of Kubernetes."""
        code = self.pods[name].poll()
        if code is None:
            return {"active": 1}
        return {"failed": 1} if code else {"succeeded": 1}


def _handler(server: ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            job["metadata"]["name"] = f"{job['metadata']['generateName']}{len(server.jobs)}"
            server.run(job)
            self._answer(job, 201)

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            name = path.rpartition("/")[2]
            if path in DISCOVERY:
                self._answer(DISCOVERY[path])
            elif name in server.jobs:
                self._answer({**server.jobs[name], "status": server.status(name)})
            else:
                self._answer({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}, 404)

        def _answer(self, body: dict[str, Any], code: int = 200) -> None:
            text = json.dumps({"apiVersion": "v1", **body}).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
