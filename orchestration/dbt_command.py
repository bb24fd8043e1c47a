"""A dbt command, handed to the process that has dbt loaded (warm_dbt.py) with this one's output.

Run as a file and with the standard library alone: its start is all that a command costs here.
Where there is no such process, dbt itself is started.
"""

import json
import os
import socket
import sys
from pathlib import Path

# nobody's password; and dbt goes through all of its environment for each line that it says
NEEDED = (
    "DBT_",
    "KHO_WAREHOUSE",
    "PATH",
    "HOME",
    "LANG",
    "LC_",
    "TZ",
    "TMPDIR",
    "PYTHON",
    "DO_NOT_TRACK",
)


def main() -> int:
    command = {
        "arguments": sys.argv[1:],
        "environment": {
            name: value for name, value in os.environ.items() if name.startswith(NEEDED)
        },
        "folder": str(Path.cwd()),
    }
    request = json.dumps(command).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(os.environ.get("KHO_DBT_SOCKET", ""))
        except OSError:
            os.execvp("dbt", ["dbt", *sys.argv[1:]])  # noqa: S606, S607 (found through PATH)
        socket.send_fds(connection, [len(request).to_bytes(8)], [1, 2])
        connection.sendall(request)
        answer = connection.recv(1)
    return answer[0] if answer else os.EX_TEMPFAIL  # it was killed


if __name__ == "__main__":
    sys.exit(main())
