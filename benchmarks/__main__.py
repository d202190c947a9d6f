"""Run every benchmark and write the results into benchmarks/README.md: `python -m benchmarks [NAME ...] [--quick]`.

Belongs here: which benchmarks there are, with what arguments they are run, and the page of results. A section that is not run again
stays as it is, with its date. Does not belong here: any measurement.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
HEAD = """# Benchmarks

Run by hand (`make bench`, or `python -m benchmarks NAME ...` for some of them); never tests. Each section says when and on what it was
measured; ratios are within one run. Everything measured is synthetic, except the embedded figures and, where they are at hand, original
publications.
"""
#: name -> arguments of the full run, arguments of the quick one
RUNS: dict[str, tuple[list[str], list[str]]] = {
    "build": ([], []),
    "matching": ([], ["--rows", "1000000"]),
    "parsing": ([], []),
    "mutations": (["--seeds", "20"], ["--seeds", "2"]),
    "oracle": (["--worlds", "20000"], ["--worlds", "500"]),
    "records": ([], ["--rows", "1000000", "--lions-megabytes", "300"]),
    # in the environment of the extra `shared`: .venv-shared/bin/python -m benchmarks scale
    "scale": ([], ["--megabytes", "60", "--lions-megabytes", "100"]),
    "faults": ([], ["--kills", "5"]),
    "endurance": ([], ["--weeks", "20"]),
    "fuzz": (["--minutes", "30"], ["--minutes", "2"]),
}


def machine() -> str:
    """Describe the machine by what matters: cores and memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}"


def run(name: str, arguments: list[str]) -> str:
    """Run one benchmark and return its section of the page."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    module = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    done = subprocess.run(module, cwd=FOLDER.parent, stdout=subprocess.PIPE, text=True, check=False)
    told = done.stdout.strip() if done.returncode == 0 else f"**Failed** with exit status {done.returncode}.\n\n{done.stdout.strip()}"
    command = " ".join(["python -m", f"benchmarks.{name}", *arguments])
    return f"## {name}\n\n{_purpose(name)}\n\n`{command}`, {datetime.now(UTC).date()}, {machine()}\n\n{told}\n"


def _purpose(name: str) -> str:
    """Read the first sentence of a benchmark's docstring, without the command in it."""
    docstring = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))) or ""
    first = docstring.split("\n\n")[0].replace("\n", " ")
    return first.split("`python -m")[0].rstrip(" :") + "."


def main() -> None:
    """Run what is asked for, and put each section in its place as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(RUNS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything runs")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in RUNS]:
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(RUNS)}")
    for name in given.names or RUNS:
        told = run(name, RUNS[name][given.quick]).split("\n", 1)[1]
        # read only now: another run may have written its section meanwhile
        sections = {**dict(re.findall(r"(?ms)^## (\w+)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"))), name: told}
        page = HEAD + "".join(f"\n## {known}\n{sections[known].rstrip()}\n" for known in RUNS if known in sections)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
