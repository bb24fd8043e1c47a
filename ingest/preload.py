"""What every reading process needs, loaded once in the server that they are forked from."""

# ruff: noqa: E402 - what is set first decides how the rest is loaded

import gc
import os
import sys
from importlib.abc import MetaPathFinder

# nothing that is loaded is garbage
gc.disable()

# Arrow's own pool reserves a gigabyte of addresses, half of what a worker is allowed; it is chosen
# when the library is loaded
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"


class _NoPandas(MetaPathFinder):
    """Arrow asks of every list whether pandas made it, and loads pandas to do so: a third of all
    that is loaded. No list here comes from there."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


sys.meta_path.insert(0, _NoPandas())

import pyarrow as pa

from ingest import cell_files, extract, readings, sandbox
from ingest.contract import all_contracts
from ingest.extract import index_of

__all__ = ["cell_files", "extract", "readings", "sandbox"]

index_of(all_contracts())
pa.array([0])  # what Arrow does once, at the first array

# What is loaded stays: no worker looks through it for garbage, and none copies it by doing so.
# Reading makes no cycles to speak of, but many small lists (every row of a sheet): by default each
# 700 would start a look
gc.collect()
gc.freeze()
gc.set_threshold(1_000_000, 20, 20)
gc.enable()
