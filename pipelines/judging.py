"""Great Expectations, in a process of its own: the only use of that library.

Belongs here: starting that process, handing it tables with what is expected of them, and what it does with them.
Does not belong here: what is expected of figures (expectations.py).

    python -m pipelines.judging     (started by `unexpected_rows`, not by people)

Loading the library takes seconds of one core, in which whoever asks can do something else. The process writes no file, and ends when
its input ends: it does not outlive whoever started it, whatever ends that.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any, BinaryIO

import polars as pl

from pipelines.vocabulary import PROJECT

_ONE_AT_A_TIME = Lock()


class ExpectationError(RuntimeError):
    """An expectation that could not be run at all: a defect of the program, not of the data."""


@dataclass(frozen=True)
class Asked:
    """What is expected of a table.

    Attributes:
        kind: class of Great Expectations.
        arguments: its arguments, as JSON can hold them.
        text: what to call it in an error.
    """

    kind: str
    arguments: Mapping[str, Any]
    text: str


def start() -> None:
    """Start the process, if it does not run yet, and go on while it loads."""
    _process(os.getpid())


def unexpected_rows(rows: pl.DataFrame, expectations: Sequence[Asked]) -> list[list[int]]:
    """Ask which rows of a table are not as expected.

    Args:
        rows: the table; not empty.
        expectations: what is expected of it.

    Returns:
        For each expectation the numbers of the rows that break it, from 0.

    Raises:
        ExpectationError: an expectation could not be run, or the process is gone.
    """
    body = BytesIO()
    rows.write_ipc(body)
    header = {"bytes": body.tell(), "expectations": [(asked.kind, asked.arguments, asked.text) for asked in expectations]}
    with _ONE_AT_A_TIME:
        process = _process(os.getpid())
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(header).encode() + b"\n" + body.getvalue())
            process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            _process.cache_clear()
            raise ExpectationError(f"Great Expectations' process ended with {process.wait()}: its last words are in the log; run again")
    told: dict[str, Any] = json.loads(answer)
    if "problem" in told:
        raise ExpectationError(told["problem"])
    found: list[list[int]] = told["rows"]
    return found


@cache
def _process(_asked_by: int) -> subprocess.Popen[bytes]:
    # one for each process that asks: one that was forked must not talk into the pipe of another
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.judging"],
        cwd=PROJECT,
        env={**os.environ, "GX_ANALYTICS_ENABLED": "false"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(_dismiss, process, os.getpid())
    return process


def _dismiss(process: subprocess.Popen[bytes], started_by: int) -> None:
    if os.getpid() == started_by and process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
        # it may still be loading what nobody asked for
        process.kill()
        process.wait()


# The process itself --------------------------------------------------------------------------------------------------------


def _serve(asked: BinaryIO, told: BinaryIO) -> None:
    """Answer until the input ends."""
    import great_expectations.expectations  # noqa: F401

    while header := asked.readline():
        said = json.loads(header)
        rows = pl.read_ipc(BytesIO(asked.read(said["bytes"])))
        try:
            answer: dict[str, Any] = {"rows": _judge(rows, [Asked(*one) for one in said["expectations"]])}
        except ExpectationError as problem:
            answer = {"problem": str(problem)}
        told.write(json.dumps(answer).encode() + b"\n")
        told.flush()


def _judge(rows: pl.DataFrame, expectations: Sequence[Asked]) -> list[list[int]]:
    import great_expectations.expectations as gxe
    from great_expectations import ExpectationSuite

    batch = _batch_definition().get_batch({"dataframe": rows.to_pandas()})

    def results(numbers: Sequence[int], result_format: str) -> dict[int, Any]:
        asked = [getattr(gxe, expectations[number].kind)(**expectations[number].arguments, meta={"number": number}) for number in numbers]
        validated = batch.validate(ExpectationSuite(name="observations", expectations=asked), result_format=result_format)
        return {result.expectation_config.meta["number"]: result for result in validated.results}

    # the rows cost as much again as the verdict: ask for them only where there are some
    verdicts = results(range(len(expectations)), "BOOLEAN_ONLY")
    failed = sorted(number for number, result in verdicts.items() if not result.success)
    absent = [asked.text for number, asked in enumerate(expectations) if number not in verdicts]
    if absent:
        raise ExpectationError(f"{len(absent)} expectations gave no result: look at {'; '.join(absent)}")
    found: list[list[int]] = [[] for _ in expectations]
    for number, result in results(failed, "COMPLETE").items() if failed else ():
        unexpected = result.result.get("unexpected_index_list")
        if not unexpected:
            raise ExpectationError(f"{expectations[number].text} could not be run: {result.exception_info}")
        found[number] = sorted(set(unexpected))
    return found


@cache
def _batch_definition() -> Any:
    """Make the one context of the process: in memory, silent, and without any report to the makers of the library."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return (
        context.data_sources.add_pandas("observations")
        .add_dataframe_asset("observations")
        .add_batch_definition_whole_dataframe("observations")
    )


def _main() -> None:
    # whoever started this is interrupted, and ends it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = os.fdopen(os.dup(1), "wb")
    # what libraries print is no answer
    os.dup2(2, 1)
    with suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, told)
    # half a million objects of the library, none of which holds anything, would be taken apart one by one
    os._exit(0)


if __name__ == "__main__":
    _main()
