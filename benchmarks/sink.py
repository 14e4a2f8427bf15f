"""A server on 127.0.0.1 that takes every batch of usage events and keeps none.

It runs in a process of its own, so that it takes nothing of the measured one's time but what any
server would. It prints its port, serves until its standard input closes, and then prints how many
events it took.
"""
# ruff: noqa: INP001, T201  # a script

import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

taken = 0


class Handler(BaseHTTPRequestHandler):
    """Answers as the ingest endpoint does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Take a batch."""
        global taken  # noqa: PLW0603  # one a process
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        accepted = len(json.loads(body)["events"])
        taken += accepted
        answer = json.dumps({"accepted": accepted, "rejected": [], "duplicates": 0}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    print(taken, flush=True)
