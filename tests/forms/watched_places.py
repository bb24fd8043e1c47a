"""Places that no reading of a file may touch: a server on this machine and a file beside.

Linux tells (inotify) when a file is opened; the server counts who connects.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from pathlib import Path
from types import TracebackType

_OPENED, _READ, _CHANGED = 0x20, 0x01, 0x02


class Listener:
    """A loopback server that answers nobody and remembers that somebody came."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.visits = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            self.visits += 1
            connection.close()

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # closing alone does not wake accept()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=10)


class Canary:
    """A file with a secret; `touched()` says whether any process opened it since the last call."""

    SECRET = "bí mật 7f3e91"

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text(self.SECRET, encoding="utf-8")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._events = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watch = self._libc.inotify_add_watch(
            self._events, os.fsencode(path), _OPENED | _READ | _CHANGED
        )
        assert self._events >= 0 and watch >= 0, os.strerror(ctypes.get_errno())

    def touched(self) -> bool:
        try:
            return bool(os.read(self._events, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._events)
