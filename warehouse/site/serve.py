"""Shows the site of a home on this machine only. For others a web server is set before it
(docs/operations.md)."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # the next night's pages are seen in the morning without a word to the browser
    "Cache-Control": "no-cache",
}


class _Handler(SimpleHTTPRequestHandler):
    """Files only: no listing of folders, no word on standard error for each request."""

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        return


def serve(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of the files below `folder`, bound to loopback and not running yet. The path is
    followed anew at each request, so that a new build is seen at once."""
    return ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, directory=str(folder)))
