"""Sends a home's mails in a process that one function kills with SIGKILL when it is called.

python killed_mailing.py METHOD_OF_MAILBOOK HOME PORT
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from orchestration.mailing import send_mails
from tests.unit.mail_home import settings
from warehouse.home import Home
from warehouse.mailbook import MailBook


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    method, home, port = sys.argv[1:]
    setattr(MailBook, method, die)
    send_mails(Home(Path(home)), settings(int(port)))
    sys.exit(99)  # the method was never called
