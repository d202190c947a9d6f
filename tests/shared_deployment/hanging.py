"""The shared deployment's definitions, in which a partition can be made to hang in the middle, for a test to kill its worker.

Belongs here: the hanging. Whoever finds a file `hang_N` beside the release takes it, writes down its process id, and goes no further.
Does not belong here: anything that changes what is counted.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.shared_deployment.definitions import defs
from pipelines import records

__all__ = ["defs"]

_read = records._spanned_chunks


def _read_and_hang(path: Path, size: int, begin: int, end: int) -> Iterator[bytes]:
    pieces = _read(path, size, begin, end)
    yield next(pieces)
    for token in sorted(path.parent.glob("hang_*")):
        # renaming is given to one process alone
        with contextlib.suppress(FileNotFoundError):
            token.rename(path.parent / f"hung_{os.getpid()}")
            while True:
                time.sleep(0.1)
    yield from pieces


records._spanned_chunks = _read_and_hang
