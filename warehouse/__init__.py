"""The store: DuckDB files and connections, the ledger, publishing, tracing, SQL for analysts."""
