"""The machine's own Chromium, driven for tests: no request but to what is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Request, sync_playwright

_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@dataclass
class Opened:
    """A page with what the browser said about it."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog: {dialog.message}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the next page was opened before
            self.said.append(f"failed: {request.url}")

    def go(self, address: str) -> None:
        self.page.goto(address)
        # charts are drawn and fonts there
        self.page.evaluate("document.fonts.ready.then(() => true)")

    def resize(self, width: int) -> None:
        """Another width; charts are drawn anew."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=_ARGUMENTS, headless=True
        )
        yield browser
        browser.close()


def open_page(browser: Browser, width: int, height: int = 900) -> Opened:
    """A fresh page of a width."""
    context = browser.new_context(viewport={"width": width, "height": height})
    return Opened(context.new_page())


def address(path: Path) -> str:
    """A page as it is opened from disk."""
    return path.resolve().as_uri()
