"""One machine: no bucket is configured, nothing of the extra `shared` is imported, and nothing is asked of anybody.

The tests of a bucket that is configured are in tests/shared_deployment, for they need that extra and a server.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines.vocabulary import PROJECT

_EXTRA = "{'obstore', 'celery', 'dagster_celery', 'dagster_postgres', 'psycopg2', 'pipelines.bucket', 'pipelines.served'}"


def told_by(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "STATISTICS_BUCKET"} | variables
    return subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_a_build_imports_nothing_of_the_extra(tmp_path: Path) -> None:
    done = told_by(
        f"""
import sys
import dagster as dg
from assets.alerts import AlertingWorkspace
from assets.definitions import defs
from pathlib import Path
figures = Path({str(tmp_path)!r}) / "figures"
figures.mkdir()
(figures / "bjs_csec.csv").write_bytes((Path("figures") / "bjs_csec.csv").read_bytes())
with dg.DagsterInstance.ephemeral() as instance:
    workspace = AlertingWorkspace(data={str(tmp_path / "data")!r}, figures=str(figures))
    assert workspace.bucket == ""
    selection = ["figures_bjs_csec", "observations_bjs_csec"]
    job = defs.resolve_job_def("build").get_subset(asset_selection={{dg.AssetKey(name) for name in selection}})
    assert job.execute_in_process(instance=instance, resources={{"workspace": workspace}}).success
print(sorted({_EXTRA} & set(sys.modules)))
"""
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "[]"
    assert not (tmp_path / "data" / ".bucket.json").exists()


def test_a_bucket_without_the_extra_says_what_to_install() -> None:
    code = "import sys; sys.modules['obstore'] = None; from pipelines.bucket import main; sys.exit(main(['show']))"
    done = told_by(code, STATISTICS_BUCKET="s3://statistics/prosecution")
    assert done.returncode == 1
    assert done.stderr == "s3://statistics/prosecution: the extra `shared` is not installed: pip install '.[shared]'\n"


def test_serving_without_the_extra_says_what_to_install() -> None:
    done = told_by("import sys; sys.modules['psycopg2'] = None; import pipelines.served")
    assert done.returncode == 1
    assert done.stderr.endswith("ImportError: pipelines.served: the extra `shared` is not installed: pip install '.[shared]'\n")


def test_without_a_bucket_the_command_says_so() -> None:
    done = told_by("import sys; from pipelines.bucket import main; sys.exit(main(['pull']))")
    assert done.returncode == 1
    assert done.stderr.startswith("no bucket is configured: set STATISTICS_BUCKET=s3://BUCKET[/PREFIX]")
