"""Plain Python from publications to a published release; nothing here knows Dagster."""
