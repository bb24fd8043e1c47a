"""What every reading process needs, loaded once in the server that they are forked from."""

import os

# Arrow's own pool reserves a gigabyte of addresses, half of what a worker is allowed; it is chosen
# when the library is loaded
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"

import pyarrow as pa

from ingest import cell_files, extract
from ingest.contract import all_contracts
from ingest.extract import index_of

__all__ = ["cell_files", "extract"]

index_of(all_contracts())
pa.array([0])  # the first array looks for pandas, for a third of a second
