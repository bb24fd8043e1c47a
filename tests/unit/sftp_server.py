"""A real SFTP server on loopback over a folder, which can be made to behave badly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh

USER, PASSWORD = "kho", "mat-khau-rat-bi-mat"
BLOCK = 32_768


class Misbehaviour:
    """What the server does to files whose name contains a word; counts what was asked of it."""

    def __init__(self) -> None:
        self.drop: str | None = None  # hang up in the middle of it
        self.half: str | None = None  # say it is whole, and send half of it
        self.slow: str | None = None  # wait with every block
        self.rewrite: Callable[[Path], None] | None = None  # after its first block
        self.drops = 10**6  # how often it hangs up
        self.connections = 0
        self.read: list[str] = []


class _Login(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


class SftpServer:
    """Started by `with`; `address` and `host_key` are what a list of sources wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.does = Misbehaviour()
        key = asyncssh.generate_private_key("ssh-ed25519")
        self._key = key
        self.host_key = " ".join(key.export_public_key().decode().split()[:2])
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: Any = None

    @property
    def address(self) -> str:
        return f"sftp://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def stop(self) -> None:
        """Go down; the port stays unused."""
        if self._server is not None:
            server, self._server = self._server, None
            self._loop.call_soon_threadsafe(server.close)

    async def _start(self) -> None:
        self._server = await asyncssh.listen(
            "127.0.0.1", self.port, server_host_keys=[self._key], server_factory=self._login,
            sftp_factory=self._sftp,
        )  # fmt: skip
        self.port = self._server.sockets[0].getsockname()[1]

    def _login(self) -> _Login:
        self.does.connections += 1
        return _Login()

    def _sftp(self, channel: Any) -> asyncssh.SFTPServer:
        return _Files(channel, self.folder, self.does)


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: Any, folder: Path, does: Misbehaviour) -> None:
        super().__init__(channel, chroot=str(folder).encode())
        self._channel, self._does, self._root = channel, does, folder
        self._names: dict[int, Path] = {}

    def open(self, path: bytes, flags: int, attrs: Any) -> Any:
        file = super().open(path, flags, attrs)
        self._names[id(file)] = self._root / path.decode().lstrip("/")
        self._does.read.append(path.decode())
        return file

    async def read(self, file: Any, offset: int, size: int) -> bytes:
        does, path = self._does, self._names[id(file)]
        size = min(size, BLOCK)
        found = super().read(file, offset, size)
        content: bytes = await found if asyncio.iscoroutine(found) else found
        if does.rewrite is not None and offset == 0:
            does.rewrite(path)
        if does.slow and does.slow in path.name:
            await asyncio.sleep(0.2)
        if does.half and does.half in path.name and offset >= path.stat().st_size // 2:
            return b""
        if does.drop and does.drop in path.name and offset and does.drops:
            does.drops -= 1
            self._channel.get_connection().abort()
        return content
