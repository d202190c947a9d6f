"""The shared deployment's definitions, in which a partition can be made to hang in the middle, for a test to kill its worker.

Belongs here: the hanging. Whoever finds a file `hang_N` beside the release takes it, writes down its process id, and goes no further.
Does not belong here: anything that changes what is counted.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from deploy.shared_deployment.definitions import defs
from pipelines import records

__all__ = ["defs"]

_read = records._lines_that_begin
_one_thread_of_a_process = threading.Lock()


def _read_and_hang(descriptor: int, buffer: bytearray, begin: int, end: int) -> tuple[int, int]:
    lines = _read(descriptor, buffer, begin, end)
    folder = Path(f"/proc/self/fd/{descriptor}").readlink().parent
    with _one_thread_of_a_process:
        for token in sorted(folder.glob("hang_*")):
            # renaming is given to one process alone
            with contextlib.suppress(FileNotFoundError):
                token.rename(folder / f"hung_{os.getpid()}")
                while True:
                    time.sleep(0.1)
    return lines


records._lines_that_begin = _read_and_hang
