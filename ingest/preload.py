"""What every reading process needs, loaded once in the server that they are forked from."""

from ingest import extract
from ingest.contract import all_contracts
from ingest.extract import index_of

__all__ = ["extract"]

index_of(all_contracts())
