"""The whole of `refresh` against a publisher on loopback: what comes in, what is kept out, what stands when a publisher fails.

The job is the real one, run in process on folders of its own, over the project's catalogue with every address turned to the loopback
publisher. Everything served is constructed; transcribed figures are the project's own, or made from the data of a sample.
"""

from __future__ import annotations

import csv
import hashlib
import importlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import catalog, ledger, refresh, releases, warehouse
from pipelines.catalog import Source
from pipelines.snapshots import HTML, FetchPolicy, Timing
from tests import samples_federal, samples_ncmec
from tests.publisher import (
    Behaviour,
    Publisher,
    breaking_off,
    document,
    error_page,
    in_turn,
    index_page,
    redirect,
    status,
)
from tests.samples_ncmec import Sample, pdf_of

pytestmark = pytest.mark.usefixtures("without_companions")

INDEX = "/cybertiplinedata"
WATCHED = ("enough_abuse_state_laws", "ojjdp_icac_program", "trac_law_pages", "congress_stop_csam_act")
#: publications in the layouts of the NCMEC family: path as its publisher names it, sample
NCMEC: dict[str, tuple[str, Sample]] = {
    "ncmec_ojjdp_transparency": ("/pdfs/OJJDP-NCMEC-Transparency-CY-2023-Report.pdf", samples_ncmec.ojjdp_sample(2023)),
    "ncmec_reports_by_esp": ("/pdfs/2023-reports-by-esp.pdf", samples_ncmec.esp_sample(2023)),
    "ncmec_reports_by_country": ("/pdfs/2023-reports-by-country.pdf", samples_ncmec.country_sample(2023)),
    "ncmec_reports_by_state": ("/pdfs/2023-reports-by-state.pdf", samples_ncmec.state_sample(2023)),
}
#: the others: what is served, and the type that the catalogue declares
OTHERS: dict[str, tuple[bytes, str]] = {
    "ncmec_half_year_update": (samples_federal.half_year(), "text/html"),
    "ncmec_global_platform": (samples_federal.platform(), "application/json"),
    "bjs_child_sex_exploitation": (samples_federal.child_sex_exploitation(), "application/zip"),
    "bjs_csec": (samples_federal.csec(), "application/zip"),
    "bjs_federal_justice_statistics": (samples_federal.federal_justice(), "application/zip"),
    "bjs_human_trafficking": (samples_federal.human_trafficking(), "application/zip"),
    "ussc_quick_facts": (samples_federal.quick_facts(), "text/html"),
    "ussc_sourcebook": (samples_federal.sourcebook(), "text/html"),
    "aouscourts_judicial_business": (samples_federal.d2(), refresh.XLSX),
    "aouscourts_management_statistics": (samples_federal.caseload_profile(), "application/pdf"),
    "eousa_annual_statistical_report": (samples_federal.annual_report(), "application/pdf"),
}
#: what stands at further addresses of a source that lists several
FURTHER: dict[str, tuple[bytes, ...]] = {
    "ussc_sourcebook": (samples_federal.overview(), samples_federal.sourcebook(2024, 61_678, "individuals sentenced")),
}
PARSED = (*NCMEC, *OTHERS)
#: transcribed figures of these are the project's own; they stand in the samples
OWN_FIGURES = (
    "not_collected", "bjs_csec", "bjs_human_trafficking", "ncmec_half_year_update", "ussc_quick_facts", "ussc_sourcebook",
    "aouscourts_judicial_business", "aouscourts_management_statistics",
)  # fmt: skip
#: layouts that nobody has seen -> why their first publication stays out; the others reproduce every figure transcribed for their periods
UNSEEN = {
    "ncmec_reports_by_state": "unverified layout and no control figure",
    "ncmec_global_platform": "unverified layout and no control figure",
    "bjs_child_sex_exploitation": "unverified layout and no control figure",
    "bjs_federal_justice_statistics": "unverified layout and no control figure",
    "eousa_annual_statistical_report": "unverified layout and no control figure",
    "bjs_csec": "unverified layout does not reproduce every control figure",
    "aouscourts_judicial_business": "unverified layout does not reproduce every control figure",
}
#: the one that nobody signs off before its own tests
UNSIGNED = "ncmec_reports_by_state"
REAL_SOURCES = catalog.load_sources()
SYNTHETIC = "Synthetic sample for tests; not a publication."


@dataclass(frozen=True)
class World:
    """A publisher, the catalogue that points at it, and the folders of one project."""

    publisher: Publisher
    sources: dict[str, Source]
    folder: Path
    definitions: dg.Definitions

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def figures(self) -> Path:
        return self.folder / "figures"

    def serve(self, source_id: str, *behaviours: Behaviour, page: int = 0) -> None:
        self.publisher.serve(path_of(source_id, page), *behaviours)

    def run(self, job: str = "refresh", run_config: Mapping[str, Any] | None = None) -> dg.ExecuteInProcessResult:
        workspace = importlib.import_module("assets.workspace").Workspace
        settings = workspace(data=str(self.data), figures=str(self.figures), allow_loopback=True)
        return self.definitions.resolve_job_def(job).execute_in_process(
            resources={"workspace": settings}, run_config=dict(run_config or {})
        )

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return warehouse.query(self.data / "published" / releases.DATABASE, sql)

    def state_of(self, source_id: str) -> tuple[bool, str]:
        ((stale, state),) = self.ask(f"SELECT is_stale, state FROM sources WHERE source_id = '{source_id}'")
        return stale, state


@dataclass(frozen=True)
class Beginning:
    """The first refresh, what it left in the database, and the build after a person signed off what nobody had seen before."""

    world: World
    refreshed: dg.ExecuteInProcessResult
    states: dict[str, tuple[bool, str]]
    rows: dict[str, int]
    signed: dg.ExecuteInProcessResult


def path_of(source_id: str, page: int = 0) -> str:
    return NCMEC[source_id][0] if source_id in NCMEC else f"/files/{source_id}/{page}"


def bodies_of(source_id: str) -> tuple[bytes, ...]:
    """What the publisher serves for a parsed source, address by address."""
    return (written(NCMEC[source_id][1]),) if source_id in NCMEC else (OTHERS[source_id][0], *FURTHER.get(source_id, ()))


def paths_of(source_id: str) -> list[str]:
    return [path_of(source_id, number) for number in range(len(bodies_of(source_id)))]


def written(sample: Sample) -> bytes:
    return pdf_of(sample.pages, sample.title, sample.dated)


def edited(sample: Sample, changes: Mapping[str, str]) -> Sample:
    """Replace whole pieces of text, wherever they stand."""
    found = [text.text for page in sample.pages for text in page if text.text in changes]
    assert set(found) == set(changes), "a text to be replaced is not in the sample"
    pages = tuple(tuple(replace(text, text=changes.get(text.text, text.text)) for text in page) for page in sample.pages)
    return replace(sample, pages=pages)


def page(text: str, markup: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>Constructed page</title>{markup}</head><body><p>{text}</p></body></html>".encode()


def checks_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, dg.AssetCheckEvaluation]:
    return {each.check_name: each for each in result.get_asset_check_evaluations() if each.asset_key == dg.AssetKey(asset)}


def failed_checks(result: dg.ExecuteInProcessResult) -> set[tuple[str, str]]:
    return {(each.asset_key.to_user_string(), each.check_name) for each in result.get_asset_check_evaluations() if not each.passed}


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    node = "observations" if asset.startswith("observations_") else asset
    (told,) = [each for each in result.asset_materializations_for_node(node) if each.asset_key == dg.AssetKey(asset)]
    return {name: value.value for name, value in told.metadata.items()}


def rows_of(world: World, source_id: str) -> set[tuple[Any, ...]]:
    """What is published of a source, with the snapshot it came from."""
    return set(
        world.ask(
            "SELECT measure, ref_area, time_period, breakdown, unit_measure, obs_value, obs_status, published_on, evidence, snapshot_id "
            f"FROM observations WHERE source_id = '{source_id}'"
        )
    )


def rows_from_publication(world: World, source_id: str) -> int:
    """Count what is published from the bytes that the publisher serves."""
    names = ", ".join(f"'{hashlib.sha256(body).hexdigest()}'" for body in bodies_of(source_id))
    ((rows,),) = world.ask(f"SELECT count(*) FROM observations WHERE snapshot_id IN ({names}) AND evidence IN ('publication', 'datafile')")
    return int(rows)


def transcribed_rows(world: World, source_id: str) -> int:
    path = world.figures / f"{source_id}.csv"
    return len(list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))) if path.exists() else 0


def value_of(sample: Sample, measure: str, breakdown: str, area: str = "WORLD", period: str = "2023-01-01/P1Y") -> float:
    (found,) = [
        each.value
        for each in sample.figures
        if (each.measure, each.breakdown, each.ref_area, each.period) == (measure, breakdown, area, period) and each.unit_measure == "count"
    ]
    return float(found)


def policy_with_defaults(policy: FetchPolicy) -> FetchPolicy:
    """Undo the haste of the fixture: with a clock of its own, a test can be as patient as the project."""
    patient = FetchPolicy(allowed_hosts=policy.allowed_hosts, max_bytes=policy.max_bytes, media_types=policy.media_types)
    return replace(patient, allow_loopback=True)


# --- the world ----------------------------------------------------------------------------------------------------------------------


def catalogue_for(publisher: Publisher) -> dict[str, Source]:
    """Turn the catalogue to the publisher: what has a sample is fetched, what has none is left as figures."""
    sources = {}
    for source in catalog.load_sources():
        plain = replace(source, kind="figures", hosts=(), pages=(), url_index="", url_download="", link_pattern="", layout="")
        turned = replace(plain, hosts=("127.0.0.1",), max_bytes=5_000_000, cadence_days=30)
        source_id = source.source_id
        if source_id in NCMEC:
            found = {"url_index": publisher.url(INDEX), "link_pattern": source.link_pattern}
            turned = replace(turned, kind="publication", layout=source.layout, **found)
        elif source_id in OTHERS:
            addresses = tuple(map(publisher.url, paths_of(source_id)))
            turned = replace(turned, kind="publication", layout=source.layout, media_type=OTHERS[source_id][1], url_download=addresses[0])
            if len(addresses) > 1:
                turned = replace(turned, pages=addresses)
        elif source_id in WATCHED:
            pages = tuple(publisher.url(path_of(source_id, number)) for number in range(len(source.pages)))
            turned = replace(turned, kind="watched", pages=pages, transcribed_on="")
        else:
            turned = plain
        sources[source_id] = turned
    return sources


def serve_everything(publisher: Publisher, sources: Mapping[str, Source]) -> None:
    links = [publisher.url(path) for path, _ in NCMEC.values()]
    publisher.serve(INDEX, index_page([publisher.url("/pdfs/2022-reports-by-esp.pdf"), *links]))
    for path, sample in NCMEC.values():
        publisher.serve(path, document(written(sample), etag='"first"'))
    for source_id, (_, media_type) in OTHERS.items():
        for path, body in zip(paths_of(source_id), bodies_of(source_id), strict=True):
            publisher.serve(path, document(body, media_type, etag='"first"'))
    for source_id in WATCHED:
        for number in range(len(sources[source_id].pages)):
            body = page(f"{SYNTHETIC} Laws in 12 states.")
            if sources[source_id].media_type == "application/xml":
                body = f'<?xml version="1.0"?><bill><title>{SYNTHETIC}</title><section>Section 1. Text.</section></bill>'.encode()
            publisher.serve(path_of(source_id, number), document(body, sources[source_id].media_type, etag='"first"'))


def transcribe(folder: Path, sample: Sample, jurisdiction: str, published_on: str) -> None:
    """Write the figures of a sample as a person would have transcribed them from that edition."""
    with (folder / f"{sample.source_id}.csv").open("w", encoding="utf-8", newline="") as lines:
        out = csv.writer(lines)
        out.writerow((
            "measure", "ref_area", "time_period", "unit_of_count", "unit_measure", "offense_scope", "jurisdiction", "pathway",
            "statistical_population", "breakdown", "obs_value", "value_qualifier", "obs_status", "base_value", "published_on", "evidence",
            "source_locator", "url", "obs_note",
        ))  # fmt: skip
        for figure in sorted(sample.figures, key=str):
            out.writerow((
                figure.measure, figure.ref_area, figure.period, "report", figure.unit_measure, "cybertipline_incident_types", jurisdiction,
                "any", figure.population, figure.breakdown, figure.value, "exact", figure.status, "", published_on, "republication",
                "table", "", SYNTHETIC,
            ))  # fmt: skip


@pytest.fixture(scope="module")
def definitions_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Load the Dagster definitions anew over another catalogue, and put the project's own back afterwards."""
    names = ("definitions", "published", "schedules", "sign_off", "sources")
    # every figures file is an asset, and every asset costs time: those of the sources in play are enough
    project = tmp_path_factory.mktemp("project")
    (project / "sql").symlink_to(ledger.PROJECT / "sql")
    (project / "figures").mkdir()
    for source_id in {*OWN_FIGURES, *PARSED}:
        (project / "figures" / f"{source_id}.csv").touch()
    with pytest.MonkeyPatch.context() as patch:
        import assets
        import assets.workspace

        patch.setattr(assets.workspace, "PROJECT", project)

        def load(sources: Mapping[str, Source]) -> dg.Definitions:
            patch.setattr(catalog, "load_sources", lambda: tuple(sources.values()))
            patch.setattr(ledger, "sources_by_id", lambda: sources)
            for name in names:
                patch.delitem(sys.modules, f"assets.{name}", raising=False)
                patch.delattr(assets, name, raising=False)
            found: dg.Definitions = importlib.import_module("assets.definitions").defs
            return found

        policy_of = refresh.policy_of
        haste = {"min_interval_seconds": 0.02, "backoff_seconds": 0.02, "retries": 2, "read_seconds": 5.0}
        patch.setattr(
            refresh, "policy_of", lambda source, *, allow_loopback=False: replace(policy_of(source, allow_loopback=allow_loopback), **haste)
        )
        yield load


@pytest.fixture(scope="module")
def first(definitions_over: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginning]:
    """The world after its first refresh and the signatures that this asked for."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "figures").mkdir()
    for source_id in OWN_FIGURES:
        shutil.copy(ledger.FIGURES / f"{source_id}.csv", folder / "figures")
    transcribe(folder / "figures", NCMEC["ncmec_reports_by_esp"][1], "worldwide", "2024-04-12")
    with Publisher() as publisher:
        sources = catalogue_for(publisher)
        serve_everything(publisher, sources)
        world = World(publisher, sources, folder, definitions_over(sources))
        refreshed = world.run()
        states = {source_id: world.state_of(source_id) for source_id in PARSED}
        rows = {source_id: rows_from_publication(world, source_id) for source_id in PARSED}
        for source_id in set(UNSEEN) - {UNSIGNED}:
            for body in bodies_of(source_id):
                ledger.sign_off(world.data, source_id, hashlib.sha256(body).hexdigest(), "A. Reader", "compared with the sample")
        yield Beginning(world, refreshed, states, rows, world.run("build"))


@pytest.fixture
def world(first: Beginning, tmp_path: Path) -> World:
    """A copy of the refreshed world, for one test; the publisher behaves well again."""
    original = first.world
    shutil.copytree(original.folder, tmp_path / "world", symlinks=True)
    serve_everything(original.publisher, original.sources)
    return replace(original, folder=tmp_path / "world")


# --- the first refresh and the second -------------------------------------------------------------------------------------------------


def test_every_publication_of_the_catalogue_is_served() -> None:
    assert {source.source_id for source in REAL_SOURCES if source.kind == "publication"} == set(PARSED)
    assert set(UNSEEN) <= {source.source_id for source in REAL_SOURCES if source.layout == "unverified"}


def test_first_refresh_takes_in_what_is_known_or_proves_itself(first: Beginning) -> None:
    world, result = first.world, first.refreshed
    assert result.success
    # samples invented independently of each other do not agree
    assert failed_checks(result) == {
        ("matched_periods", "sources_agree"),
        *((f"observations_{source_id}", "conforms") for source_id in UNSEEN),
    }
    for source_id in (*PARSED, *WATCHED):
        assert checks_of(result, f"raw_{source_id}")["fetched"].passed
    for source_id in set(PARSED) - set(UNSEEN):
        assert first.states[source_id] == (False, "current"), source_id
        assert first.rows[source_id] > 0, source_id
    unverified = {source_id for source_id in PARSED if world.sources[source_id].layout == "unverified"}
    assert unverified - set(UNSEEN) == {
        "bjs_human_trafficking", "ncmec_half_year_update", "ussc_quick_facts", "ussc_sourcebook", "aouscourts_management_statistics",
    }  # fmt: skip


@pytest.mark.parametrize("source_id", UNSEEN)
def test_a_layout_that_nobody_has_seen_stays_out(first: Beginning, source_id: str) -> None:
    problem = str(checks_of(first.refreshed, f"observations_{source_id}")["conforms"].metadata["problem"].value)
    assert problem.startswith(f"{source_id}: {UNSEEN[source_id]}")
    # a transcription stands where there is one; of the publication nothing is published
    stands = "the last valid vintage stands" if source_id in OWN_FIGURES else "nothing valid stands"
    assert first.states[source_id] == (True, f"stale: the newest publication is in quarantine: {stands}")
    assert first.rows[source_id] == 0


def test_what_a_person_signed_off_is_published(first: Beginning) -> None:
    world, result = first.world, first.signed
    assert failed_checks(result) == {("matched_periods", "sources_agree"), (f"observations_{UNSIGNED}", "conforms")}
    published = set(world.ask("SELECT source_id, snapshot_id FROM snapshots"))
    for source_id in set(PARSED) - {UNSIGNED}:
        assert {(source_id, hashlib.sha256(body).hexdigest()) for body in bodies_of(source_id)} <= published
        rows = rows_from_publication(world, source_id)
        assert rows == metadata_of(result, f"observations_{source_id}")["dagster/row_count"] - transcribed_rows(world, source_id) > 0
        assert world.state_of(source_id) == (False, "current")
        signed = {vintage.signed_off_by for vintage in ledger.read_ledger(world.data, source_id) if vintage.origin == "publication"}
        assert signed == ({"A. Reader: compared with the sample"} if source_id in UNSEEN else {""})


@pytest.mark.parametrize("source_id", ["ncmec_ojjdp_transparency", "ncmec_reports_by_esp", "ncmec_reports_by_country"])
def test_every_figure_of_a_sample_is_in_the_database(first: Beginning, source_id: str) -> None:
    world = first.world
    found = world.ask(
        "SELECT measure, ref_area, breakdown, time_period, obs_value, unit_measure, obs_status FROM observations "
        f"WHERE source_id = '{source_id}' AND evidence = 'publication' AND published_on = '2024-04-12'"
    )
    sample = NCMEC[source_id][1]
    assert set(found) == {
        (each.measure, each.ref_area, each.breakdown, each.period, float(each.value or "nan"), each.unit_measure, each.status)
        for each in sample.figures
    }
    assert len(found) == len(sample.figures)


def test_the_newest_edition_of_an_index_page_is_followed(first: Beginning) -> None:
    world = first.world
    assert world.publisher.asked(INDEX)
    assert not world.publisher.asked("/pdfs/2022-reports-by-esp.pdf")


def test_second_refresh_costs_nothing_and_changes_nothing(world: World) -> None:
    before = (world.data / "published").resolve()
    seen = len(world.publisher.asked())
    result = world.run()
    asked = world.publisher.asked()[seen:]
    assert {each.path for each in asked if each.path != INDEX} == {path for source_id in PARSED for path in paths_of(source_id)} | {
        path_of(source_id, number) for source_id in WATCHED for number in range(len(world.sources[source_id].pages))
    }
    assert all(each.headers.get("If-None-Match") == '"first"' for each in asked if each.path != INDEX)
    for source_id in (*PARSED, *WATCHED):
        told = metadata_of(result, f"raw_{source_id}")
        assert told["changed"] is False
        assert set(told["notes"].splitlines()) == {"not modified since the last fetch"}
    assert not any(metadata_of(result, f"observations_{source_id}")["rebuilt"] for source_id in PARSED)
    assert not result.asset_materializations_for_node("matched_periods")[0].metadata["rebuilt"].value
    assert (world.data / "published").resolve() == before


# --- vintages -------------------------------------------------------------------------------------------------------------------------


def test_a_changed_publication_adds_a_vintage(world: World) -> None:
    provider = "esp=Facebook;reporter=esp"
    editions = {source_id: sample for source_id, (_, sample) in NCMEC.items()}
    revised = {
        "ncmec_reports_by_esp": replace(samples_ncmec.esp_sample(2023, seed=9), dated="20240801"),
        "ncmec_ojjdp_transparency": replace(samples_ncmec.ojjdp_sample(2023, seed=9), dated="20240801"),
    }
    for source_id, sample in revised.items():
        world.serve(source_id, document(written(sample), etag='"second"'))
    result = world.run()
    assert result.success
    first, second = (value_of(sample["ncmec_reports_by_esp"], "reports_received", provider) for sample in (editions, revised))
    assert first != second
    where = f"source_id = 'ncmec_reports_by_esp' AND breakdown = '{provider}'"
    assert world.ask(f"SELECT obs_value, published_on, evidence FROM observations_current WHERE {where}") == [
        (second, "2024-08-01", "publication")
    ]
    assert world.ask(f"SELECT DISTINCT obs_value FROM observations WHERE {where} AND published_on = '2024-04-12'") == [(first,)]
    revisions = world.ask(f"SELECT first_value, latest_value, latest_published_on FROM revisions WHERE {where}")
    assert revisions == [(first, second, "2024-08-01")]
    told = metadata_of(result, "observations_ncmec_reports_by_esp")
    assert told["vintages"] == 3, "the transcription and two editions"
    assert (
        f"reports_received WORLD 2023-01-01/P1Y {provider}: transcribed {first:,.0f} (2024-04-12), parsed {second:,.0f}"
        in told["differences from the transcription"].splitlines()
    )
    assert world.state_of("ncmec_reports_by_esp") == (False, "current")

    total, new_total = (value_of(sample["ncmec_ojjdp_transparency"], "reports_received", "") for sample in (editions, revised))
    as_of = (
        "SELECT DISTINCT denominator FROM as_of(DATE '{}') WHERE rate_id = 'csam_reports_prosecuted' "
        "AND time_period = '2023-01-01/P1Y' AND denominator_ref_area = 'WORLD' AND denominator_breakdown = ''"
    )
    assert world.ask(as_of.format("2024-06-01")) == [(total,)]
    assert world.ask(as_of.format("2024-09-01")) == [(new_total,)]


# --- publishers in trouble ------------------------------------------------------------------------------------------------------------

#: two providers' counts change places against each other by one report, so that the printed total still holds
SWAPPED = {"Facebook": 1, "INHOPE": -1}


def with_other_digits(sample: Sample) -> Sample:
    """Move one report from one provider to another: every sum of the publication still holds."""
    counts = {name: int(value_of(sample, "reports_received", f"esp={name};reporter=esp")) for name in SWAPPED}
    return edited(sample, {f"{count:,}": f"{count + SWAPPED[name]:,}" for name, count in counts.items()})


def test_one_bad_publisher_never_takes_a_release_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def knows_too_little(_: Any) -> Any:
        return list[Any]()[3]

    good = {source_id: rows_of(world, source_id) for source_id in PARSED}
    samples = {source_id: sample for source_id, (_, sample) in NCMEC.items()}
    trafficking, half_year = OTHERS["bjs_human_trafficking"][0], OTHERS["ncmec_half_year_update"][0]
    silently_revised = samples_ncmec.country_sample(2023, seed=8)
    changed = len(silently_revised.figures - samples["ncmec_reports_by_country"].figures)
    relabelled = edited(samples["ncmec_ojjdp_transparency"], {"Public CyberTipline Reports": "Reports of the Public"})
    world.serve("ncmec_ojjdp_transparency", document(written(relabelled), etag='"second"'))
    world.serve("bjs_federal_justice_statistics", status(503))
    world.serve("bjs_child_sex_exploitation", status(404))
    world.serve("ncmec_global_platform", redirect("https://elsewhere.invalid/data.json"))
    world.serve("bjs_csec", error_page("application/zip"))
    world.serve("bjs_human_trafficking", document(trafficking, "application/zip", etag='"second"', transfer=breaking_off(200)))
    world.serve("ncmec_reports_by_esp", document(written(with_other_digits(samples["ncmec_reports_by_esp"])), etag='"second"'))
    world.serve("ncmec_reports_by_country", document(written(silently_revised), etag='"second"'))
    world.serve("ncmec_half_year_update", document(half_year.replace(b"Reports Made", b"Tips Made"), HTML, etag='"second"'))
    world.serve("aouscourts_judicial_business", document(samples_federal.d2(years=(2023, 2024)), refresh.XLSX, etag='"second"'))
    parser_of = ledger.parser_of
    monkeypatch.setattr(ledger, "parser_of", lambda name: knows_too_little if name == "aouscourts_judicial_business" else parser_of(name))
    world.serve("ussc_quick_facts", document(OTHERS["ussc_quick_facts"][0] + b"<!-- new bytes -->", HTML, etag='"second"'))

    seen = len(world.publisher.asked(path_of("bjs_federal_justice_statistics")))
    result = world.run()
    assert result.success
    not_fetched = {
        "bjs_federal_justice_statistics": "the publisher answers 503 (attempt 3 of 3)",
        "bjs_child_sex_exploitation": "the publication is not there any more (404)",
        "ncmec_global_platform": "the host elsewhere.invalid is not listed",
        "bjs_csec": "an HTML page, perhaps an error page, came instead of application/zip",
        "bjs_human_trafficking": "the transfer ",
    }
    quarantined = {
        "ncmec_reports_by_esp": "2 figures differ from the transcription of the same edition",
        "ncmec_reports_by_country": f"{changed} figures were changed without a new date of the edition",
        "ncmec_half_year_update": "0 tables headed `Reports Made Between`",
        "ncmec_ojjdp_transparency": "ncmec_ojjdp_transparency: page 3",
        "aouscourts_judicial_business": "cannot be read (IndexError: list index out of range)",
        "ncmec_reports_by_state": "unverified layout and no control figure",
    }
    assert failed_checks(result) - {("matched_periods", "sources_agree")} == {
        *((f"raw_{source_id}", "fetched") for source_id in not_fetched),
        *((f"observations_{source_id}", "conforms") for source_id in quarantined),
    }
    for source_id, words in not_fetched.items():
        assert words in checks_of(result, f"raw_{source_id}")["fetched"].metadata["failures"].value
        assert world.state_of(source_id) == (True, "stale: the last look at the publisher failed: the last valid vintage stands")
        assert rows_of(world, source_id) == good[source_id]
    for source_id, words in quarantined.items():
        assert words in str(checks_of(result, f"observations_{source_id}")["conforms"].metadata["problem"].value)
        stands = "the last valid vintage stands" if good[source_id] else "nothing valid stands"
        assert world.state_of(source_id) == (True, f"stale: the newest publication is in quarantine: {stands}")
        assert rows_of(world, source_id) == good[source_id]
        (report,) = (world.data / "quarantine" / source_id).glob("*.md")
        assert words in report.read_text(encoding="utf-8")
    # the one whose bytes are new and good came in, and what it says again is known since it was first seen
    assert world.state_of("ussc_quick_facts") == (False, "current")
    assert world.ask("SELECT count(*) FROM snapshots WHERE source_id = 'ussc_quick_facts'") == [(3,)]
    assert rows_of(world, "ussc_quick_facts") == good["ussc_quick_facts"]
    assert len(world.publisher.asked(path_of("bjs_federal_justice_statistics"))) - seen == 3

    # a publisher that stays in trouble does not make a new release every day
    release = (world.data / "published").resolve()
    again = world.run()
    assert failed_checks(again) - {("matched_periods", "sources_agree")} == failed_checks(result) - {("matched_periods", "sources_agree")}
    assert (world.data / "published").resolve() == release

    # and one that recovers is current again
    serve_everything(world.publisher, world.sources)
    monkeypatch.setattr(ledger, "parser_of", parser_of)
    healed = world.run()
    assert failed_checks(healed) - {("matched_periods", "sources_agree")} <= {
        (f"observations_{source_id}", "conforms") for source_id in quarantined
    }
    for source_id in set(PARSED) - {"ncmec_reports_by_state"}:
        assert world.state_of(source_id) == (False, "current"), source_id


def test_a_source_nobody_looked_at_for_too_long_is_stale(world: World) -> None:
    path = world.data / "snapshots" / "bjs_csec" / "last_look.json"
    look = json.loads(path.read_text(encoding="utf-8"))
    then = datetime.now(UTC) - timedelta(days=world.sources["bjs_csec"].cadence_days + 2)
    path.write_text(json.dumps(look | {"succeeded_at": then.isoformat()}), encoding="utf-8")
    assert world.run("build").success
    assert world.state_of("bjs_csec") == (True, "stale: no look at the publisher for more than 30 days: the last valid vintage stands")
    assert world.run().success
    assert world.state_of("bjs_csec") == (False, "current")


# --- layouts that nobody has seen -----------------------------------------------------------------------------------------------------


def test_an_unverified_layout_is_taken_in_once_it_reproduces_every_control_figure(world: World) -> None:
    sample = NCMEC["ncmec_reports_by_state"][1]
    assert world.sources[sample.source_id].layout == "unverified"
    # every sum still holds
    misread = {"US-CA": 1, "US-NY": -1}
    wrong = frozenset(replace(each, value=str(int(each.value or 0) + misread.get(each.ref_area, 0))) for each in sample.figures)
    transcribe(world.figures, replace(sample, figures=wrong), "us_all", "")
    result = world.run("build")
    problem = checks_of(result, "observations_ncmec_reports_by_state")["conforms"].metadata["problem"].value
    assert "does not reproduce every control figure" in problem
    assert "US-CA 2023-01-01/P1Y : transcribed 5 (undated), parsed 4" in problem
    transcribe(world.figures, sample, "us_all", "")
    assert world.run("build").success
    assert world.state_of(sample.source_id) == (False, "current")
    assert world.ask(
        "SELECT count(*), count(DISTINCT snapshot_id) FROM observations "
        f"WHERE source_id = '{sample.source_id}' AND snapshot_id = '{hashlib.sha256(written(sample)).hexdigest()}'"
    ) == [(len(sample.figures), 1)]
    assert not list((world.data / "quarantine" / sample.source_id).glob("*.md"))


def test_an_unverified_layout_is_taken_in_once_a_person_signs_it_off(world: World) -> None:
    sample = NCMEC["ncmec_reports_by_state"][1]
    name = hashlib.sha256(written(sample)).hexdigest()

    def signed_by(who: str, snapshot_id: str) -> dict[str, Any]:
        config = {"source_id": sample.source_id, "snapshot_id": snapshot_id, "who": who, "why": "compared with the printed table"}
        return {"ops": {"record_signature": {"config": config}}}

    for who, snapshot_id, words in (("A. Reader", "0" * 64, "no snapshot 000"), (" ", name, "say who signs off")):
        with pytest.raises(ledger.LedgerError, match=words):
            world.run("sign_off", signed_by(who, snapshot_id))
    result = world.run("sign_off", signed_by("A. Reader", name))
    (told,) = [event.event_specific_data.metadata for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    assert (told["who"].value, told["why"].value, told["snapshot"].value) == ("A. Reader", "compared with the printed table", name)
    signatures = json.loads((world.data / "observations" / "sign_offs.json").read_text(encoding="utf-8"))
    assert {key: words for key, words in signatures.items() if key.startswith(sample.source_id)} == {
        f"{sample.source_id}/{name}": "A. Reader: compared with the printed table"
    }
    assert rows_of(world, sample.source_id) == set(), "nothing changes before the next build"
    result = world.run("build")
    assert failed_checks(result) == {("matched_periods", "sources_agree")}
    assert world.state_of(sample.source_id) == (False, "current")
    assert len(rows_of(world, sample.source_id)) == len(sample.figures)
    (vintage,) = ledger.read_ledger(world.data, sample.source_id)
    assert vintage.signed_off_by == "A. Reader: compared with the printed table"


def test_indicators_of_the_courts_prove_themselves_by_their_control_figures(world: World) -> None:
    source_id, body = "aouscourts_judicial_business", samples_federal.indicators()
    source = replace(world.sources[source_id], media_type="text/html", url_download=world.publisher.url("/indicators"))
    assert source.layout == "unverified"
    world.publisher.serve("/indicators", document(body, "text/html"))
    policy = refresh.policy_of(source, allow_loopback=True)
    assert refresh.refresh_source(world.data / "snapshots", source, policy).failures == ()
    result = world.run("build")
    assert failed_checks(result) == {("matched_periods", "sources_agree"), (f"observations_{UNSIGNED}", "conforms")}
    assert world.state_of(source_id) == (False, "current")
    name = hashlib.sha256(body).hexdigest()
    (vintage,) = [each for each in ledger.read_ledger(world.data, source_id) if each.snapshot_id == name]
    assert (vintage.is_valid, vintage.signed_off_by) == (True, "")
    assert world.ask(
        f"SELECT obs_value FROM observations WHERE snapshot_id = '{name}' AND measure = 'defendants_terminated' ORDER BY time_period"
    ) == [(88_601.0,), (101_454.0,), (86_676.0,), (81_227.0,)]


# --- pages that people read -----------------------------------------------------------------------------------------------------------


def test_only_a_page_whose_text_changed_asks_for_a_person(world: World) -> None:
    release = (world.data / "published").resolve()
    before = f"{SYNTHETIC} Laws in 12 states."
    world.serve("enough_abuse_state_laws", document(page(f"{SYNTHETIC} Laws in 13 states."), HTML, etag='"second"'))
    world.serve("ojjdp_icac_program", document(page(f"<b>{before}</b>", "<style>p {color: red}</style>"), HTML, etag='"second"'))
    # of two pages one is gone and the other changed: both are told
    world.serve("trac_law_pages", status(404))
    world.serve("trac_law_pages", document(page("Other words."), HTML, etag='"second"'), page=1)
    result = world.run()
    assert result.success
    verdicts = {source_id: checks_of(result, f"raw_{source_id}")["transcription_is_current"] for source_id in WATCHED}
    assert {source_id for source_id, check in verdicts.items() if not check.passed} == {"enough_abuse_state_laws", "trac_law_pages"}
    changed = verdicts["enough_abuse_state_laws"]
    assert changed.severity == dg.AssetCheckSeverity.WARN
    assert "-Laws in 12 states." in changed.metadata["difference"].value.splitlines()
    assert "+Laws in 13 states." in changed.metadata["difference"].value.splitlines()
    assert "please read it and transcribe" in changed.metadata["please transcribe"].value
    assert metadata_of(result, "raw_ojjdp_icac_program")["changed"] is True
    assert verdicts["ojjdp_icac_program"].metadata["difference"].value == "none"
    assert "+Other words." in verdicts["trac_law_pages"].metadata["difference"].value
    assert {name for name, check in failed_checks(result) if check == "fetched"} == {"raw_trac_law_pages"}
    assert world.state_of("trac_law_pages") == (True, "stale: the last look at the publisher failed: nothing valid stands")
    assert (world.data / "published").resolve() != release, "the release says that a source is stale"


# --- patience -------------------------------------------------------------------------------------------------------------------------


@dataclass
class FakeTime:
    """A clock that only sleeping moves."""

    passed: float = 0.0

    def timing(self, slept: list[float]) -> Timing:
        def sleep(seconds: float) -> None:
            slept.append(round(seconds, 3))
            self.passed += seconds

        return Timing(now=lambda: 1_767_268_800.0 + self.passed, monotonic=lambda: self.passed, sleep=sleep, jitter=lambda: 1.0)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as started:
        yield started


def watched_source(publisher: Publisher, source_id: str, *pages: str) -> Source:
    source = {each.source_id: each for each in REAL_SOURCES}[source_id]
    return replace(source, hosts=("127.0.0.1",), pages=tuple(map(publisher.url, pages)), url_index="", transcribed_on="")


@pytest.mark.parametrize(
    ("trouble", "waits"),
    [
        ((status(429, retry_after="30"),), [32.0]),
        ((status(503), status(503)), [2.0, 4.0]),
        ((status(503, retry_after="120"), status(429)), [122.0, 4.0]),
    ],
)
def test_a_publisher_that_asks_for_patience_gets_it(
    publisher: Publisher, tmp_path: Path, trouble: tuple[Behaviour, ...], waits: list[float]
) -> None:
    source = watched_source(publisher, "ojjdp_icac_program", "/page")
    publisher.serve("/page", in_turn(*trouble, document(page("Constructed text."), HTML)))
    slept: list[float] = []
    policy = refresh.policy_of(source, allow_loopback=True)
    refreshed = refresh.refresh_source(tmp_path, source, policy_with_defaults(policy), FakeTime().timing(slept))
    assert refreshed.failures == ()
    assert [seconds for seconds in slept if seconds > 1.0] == waits
    assert len(publisher.asked("/page")) == len(trouble) + 1
    look = refresh.read_look(tmp_path, source.source_id)
    assert look is not None
    assert (look.failures, look.succeeded_at, look.snapshots) == ((), look.looked_at, (refreshed.newest.snapshot_id,))


def test_retries_end_and_do_not_hammer(publisher: Publisher, tmp_path: Path) -> None:
    source = watched_source(publisher, "ojjdp_icac_program", "/page")
    publisher.serve("/page", document(page("Constructed text."), HTML), status(503))
    policy = policy_with_defaults(refresh.policy_of(source, allow_loopback=True))
    clock, slept = FakeTime(), list[float]()
    first = refresh.refresh_source(tmp_path, source, policy, clock.timing(slept))
    good = refresh.read_look(tmp_path, source.source_id)
    assert first.newest is not None
    assert good is not None
    clock.passed += 86_400
    refreshed = refresh.refresh_source(tmp_path, source, policy, clock.timing(slept))
    assert len(publisher.asked("/page")) == 1 + policy.retries + 1
    waits = [seconds for seconds in slept if seconds > 1.0]
    assert waits == [2.0, 4.0, 8.0, 16.0]
    assert "the publisher answers 503" in refreshed.failures[0]
    assert refreshed.newest == first.newest
    look = refresh.read_look(tmp_path, source.source_id)
    assert look is not None
    assert look.failures == refreshed.failures
    assert (look.succeeded_at, look.snapshots) == (good.succeeded_at, good.snapshots)
    assert look.looked_at > good.looked_at


def test_sources_of_one_host_take_turns(publisher: Publisher, tmp_path: Path) -> None:
    clock, slept = FakeTime(), list[float]()
    names = ("ojjdp_icac_program", "enough_abuse_state_laws", "cbo_cost_estimates")
    for name in names:
        publisher.serve(f"/{name}", document(page("Constructed text."), HTML))
        source = watched_source(publisher, name, f"/{name}")
        policy = policy_with_defaults(refresh.policy_of(source, allow_loopback=True))
        assert refresh.refresh_source(tmp_path, source, policy, clock.timing(slept)).failures == ()
    assert slept == [policy.min_interval_seconds] * (len(names) - 1)


@pytest.mark.parametrize("source", [source for source in REAL_SOURCES if source.hosts], ids=lambda source: source.source_id)
def test_every_live_source_has_a_policy(source: Source) -> None:
    policy = refresh.policy_of(source)
    assert policy.media_types
    assert policy.allowed_hosts == set(source.hosts)
    assert policy.max_bytes == source.max_bytes
    assert policy.allow_loopback is False


def test_a_source_without_an_address_is_no_success(tmp_path: Path) -> None:
    source = {each.source_id: each for each in REAL_SOURCES}["bjs_csec"]
    source = replace(source, hosts=("www.example.org",), url_download="https://www.example.org/{YYYY}.pdf", url_index="", max_bytes=1)
    assert refresh.addresses_of(source) == ()
    refreshed = refresh.refresh_source(tmp_path, source, refresh.policy_of(source))
    assert "gives no address that can be fetched" in refreshed.failures[0]
    look = refresh.read_look(tmp_path, "bjs_csec")
    assert look is not None
    assert look.failures == refreshed.failures


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"looked_at": "x", "succeeded_at": "", "failures": [], "snapshots": []}'])
def test_a_record_of_a_look_that_cannot_be_read_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "bjs_csec").mkdir()
    (tmp_path / "bjs_csec" / "last_look.json").write_text(content)
    assert refresh.read_look(tmp_path, "bjs_csec") is None
    assert refresh.read_look(tmp_path, "never_seen") is None


# --- the ledger behind it -------------------------------------------------------------------------------------------------------------


def test_damaged_bytes_are_not_read_and_heal(world: World) -> None:
    (task,) = ledger.publication_tasks(world.data, ["bjs_csec"])
    good = task.snapshot.path.read_bytes()
    task.snapshot.path.write_bytes(good + b"x")
    (refused,) = ledger.derive(world.data, [task], force=True)
    assert not refused.vintage.is_valid
    assert "missing or damaged" in refused.vintage.problem
    with pytest.raises(ledger.LedgerError, match="cannot be read at all"):
        ledger.sign_off(world.data, "bjs_csec", task.snapshot.snapshot_id, "A. Reader", "because")
    task.snapshot.path.write_bytes(good)
    (derived,) = ledger.derive(world.data, [task])
    assert derived.vintage.is_valid


def test_figures_that_are_put_back_are_the_newest_again(world: World) -> None:
    path = world.figures / "ussc_quick_facts.csv"
    first = path.read_bytes()

    def derive() -> str:
        ledger.derive(world.data, [task for task in ledger.figures_tasks(world.figures) if task.snapshot.source_id == path.stem])
        newest = ledger.last_valid(world.data, path.stem, "figures")
        assert newest is not None
        return newest.snapshot_id

    path.chmod(0o644)
    path.write_bytes(first.replace(b",https://", b",https://WWW.", 1))
    assert derive() == hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(first)
    assert derive() == hashlib.sha256(first).hexdigest()
