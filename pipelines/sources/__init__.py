"""One module per publication, each with `parse(snapshot) -> polars.DataFrame`; modules here never import each other."""
