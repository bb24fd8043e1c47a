"""Assets, one module a stage: they wire pure functions of ingest, expectations and warehouse."""
