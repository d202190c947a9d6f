"""A first look at the published file, from ATTACH to a chart: `marimo edit docs/notebook.py`, or run it as a script.

Belongs here: what an analyst does first. Does not belong here: the report (pipelines/report.py).
"""

import marimo

app = marimo.App()


@app.cell
def _():
    import altair as alt
    import duckdb
    import marimo as mo

    return alt, duckdb, mo


@app.cell
def _(duckdb, mo):
    # script: python docs/notebook.py -- --database FILE --chart FILE.html
    database = mo.cli_args().get("database") or "data/published/prosecution_statistics.duckdb"
    con = duckdb.connect()
    con.execute(f"ATTACH '{database}' AS statistics (READ_ONLY)")
    con.execute("USE statistics")  # macros are found in the current database only
    con.sql("SELECT build_id, as_of_date FROM builds")
    return (con,)


@app.cell
def _(con, mo):
    answer = con.sql("SELECT sentence FROM explain('csam_reports_prosecuted', '2023-01-01/P1Y') ORDER BY cell_no, sentence_no").fetchall()
    mo.md("## What share of the reports ends in a prosecution?\n\n" + "\n\n".join(sentence for (sentence,) in answer))
    return


@app.cell
def _(con, mo):
    standing = con.sql(
        "SELECT rate_id, count(*) AS rates, min(period_start) AS first_day, max(period_end) AS last_day "
        "FROM computable_rates GROUP BY rate_id"
    ).pl()
    mo.vstack([mo.md("## Rates that do stand"), standing.sort("rates", descending=True)])
    return


@app.cell
def _(con):
    # a line is drawn only where no break in the series lies between two years: each stretch between breaks is a line of its own
    reports = con.sql("""
        SELECT
            calendar_year,
            CASE ref_area WHEN 'US' THEN 'users in the United States' ELSE 'worldwide' END AS place,
            reports,
            CAST(count_if(len(breaks_between) > 0 OR reports IS NULL) OVER along AS INTEGER) AS stretch
        FROM question_2_reports_per_year
        WHERE source_id = 'ncmec_ojjdp_transparency' AND breakdown IN ('', 'user_location=us')
        WINDOW along AS (PARTITION BY series_id ORDER BY period_start)
        ORDER BY place, calendar_year
    """).pl()
    return (reports,)


@app.cell
def _(alt, mo, reports):
    drawn = alt.Chart(reports.to_pandas()).mark_line(point=True).encode(
        x=alt.X("calendar_year:O", title="calendar year"),
        y=alt.Y("reports:Q", title="reports received"),
        color=alt.Color("place:N", title="reports about users"),
        detail="stretch:N",
    )  # fmt: skip
    if path := mo.cli_args().get("chart"):
        drawn.save(str(path), inline=True)  # the file needs no network
    drawn
    return


if __name__ == "__main__":
    app.run()
