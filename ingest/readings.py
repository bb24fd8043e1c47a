"""What files were read to, kept from night to night: `<home>/readings/<version>/`.

A reading depends on the file's content, on the contracts and lists, and on the code that reads:
the first is the name it is kept by, the others are the folder's. A reading process writes the cells
of its chunk, with their rows and columns, to one file, a pack; beside it stand which files are in
it, the hash of that file, and what else was read of them. Deleting the folder costs time only; a
pack of which any part is torn or altered is not there, and its files are read again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

import ingest
from ingest import reference
from ingest.cell_files import file_of_chunk, read_cell_file, write_cells
from ingest.cell_tables import CellTables, concatenated
from ingest.extract import read_submissions
from ingest.fingerprint import fingerprint, sha256_of
from ingest.kept import keep, kept
from ingest.originals import ALTERED, MISSING
from ingest.package import Unreadable
from ingest.reading import ReadFile
from ingest.sandbox import read_isolated

Reading = ReadFile | Unreadable

# what came of a file on that day on that machine: it is tried again
OF_THE_MACHINE = frozenset({"timeout", "crashed", "bomb"})
_MODULES = frozenset({"ingest.reading", "ingest.cells", "ingest.package"})
_CELLS, _FILES, _READ = ".arrow", ".files", ".read"
_INCOMING = "incoming"

Member = tuple[str, int]  # a file's hash, and its number among the cells of its pack
Members = tuple[str, list[Member]]  # with the hash of the pack's cells ('' where it has none)


class OriginalsLost(RuntimeError):
    """Archived files that are gone or altered, and were not read before: by hash, which of both."""

    def __init__(self, lost: Mapping[str, str]) -> None:
        named = ", ".join(f"{sha} ({what})" for sha, what in sorted(lost.items())[:5])
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        super().__init__(
            f"the archive does not have what was received: {named}{more}; bring these files back "
            "from the backup, or let their senders send them again"
        )
        self.lost = dict(lost)


class _Lost(NamedTuple):
    what: str


class _Packed(NamedTuple):
    """A reading on its way from the child, and the file that its cells were written to."""

    reading: ReadFile
    file: str


@cache
def reader_version() -> str:
    """A hash of all code, contracts and lists that decide what a file is read to."""
    here = Path(ingest.__file__).parent
    files = [*here.glob("*.py"), *(here / "contracts").glob("*.yml"),
             *reference.SEEDS.glob("*.csv"), here.parent / "requirements.lock"]  # fmt: skip
    return fingerprint(files)


def _read_original(path: Path) -> ReadFile | _Lost:
    """Read an archived file, which is named after its hash. Runs in the child."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return _Lost(MISSING)
    if hashlib.sha256(content).hexdigest() != path.name:
        return _Lost(ALTERED)
    return read_submissions(path)


def _write_pack(folder: Path, numbers: Sequence[int], results: list[Any]) -> list[Any]:
    """Write the cells of a chunk's files. Runs in the child."""
    bare = write_cells(folder, numbers, results)
    file = file_of_chunk(numbers)
    return [_Packed(each, file) if isinstance(each, ReadFile) else each for each in bare]


@dataclass
class Readings:
    """The readings below `home`, the folder of all versions; those of another are removed."""

    home: Path
    version: str = field(default_factory=reader_version)

    @property
    def folder(self) -> Path:
        return self.home / self.version

    def read(
        self,
        originals: Mapping[str, Path],
        workers: int,
        *,
        anew: bool = False,
        asked: Sequence[int] = (),
    ) -> tuple[dict[str, Reading], int]:
        """The reading of every archived file (path by hash), and how many were opened for it.

        With `anew` nothing that was kept is used, nor where somebody has `asked` since (the numbers
        of these acts). Raises OriginalsLost.
        """
        said = self.home / "asked"
        wanted = " ".join(map(str, asked))
        was = said.read_text(encoding="utf-8") if said.exists() else ""
        self._drop_others(anew or was != wanted)
        if was != wanted:
            said.write_text(wanted, encoding="utf-8")
        known = self._known()
        missing = {sha: path for sha, path in originals.items() if sha not in known}
        found = self._read_missing(missing, workers)
        return {sha: found[sha] if sha in found else known[sha] for sha in originals}, len(missing)

    def cells(self, numbers: Mapping[str, int]) -> CellTables:
        """The cells of these files, their rows and columns, with the number that each file is to
        have."""
        return concatenated(
            [
                CellTables(
                    *(_numbered(t, {n: numbers[s] for s, n in members.items()}) for t in found)
                )
                for path, members in self._packed(numbers)
                for found in [read_cell_file(path)]
            ]
        )

    def places(self, files: Collection[str]) -> dict[str, str]:
        """Where the cells of these files lie, by hash: what lies there never changes."""
        return {
            sha: f"{path.stem} {number}"
            for path, members in self._packed(files)
            for sha, number in members.items()
        }

    def _packed(self, files: Collection[str]) -> Iterator[tuple[Path, dict[str, int]]]:
        """The packs of cells that hold any of these files, and its number there by the hash of
        each; no file twice."""
        taken: set[str] = set()
        for path in sorted(self.folder.glob(f"*{_CELLS}")):
            listed: Members | None = kept(path.with_suffix(_FILES), path.stem, _MODULES)
            if listed is None:
                continue
            members = {sha: n for sha, n in listed[1] if sha in files and sha not in taken}
            taken |= {sha for sha, _ in listed[1]}
            if members:
                yield path, members

    def _known(self) -> dict[str, Reading]:
        """What every whole pack holds; what is not whole is removed."""
        found: dict[str, Reading] = {}
        whole = set()
        for path in sorted(self.folder.glob(f"*{_FILES}")):
            listed: Members | None = kept(path, path.stem, _MODULES)
            read: list[Reading] | None = kept(path.with_suffix(_READ), path.stem, _MODULES)
            cells = path.with_suffix(_CELLS)
            if listed is None or read is None:
                continue
            digest, members = listed
            if digest and not (cells.exists() and sha256_of(cells) == digest):
                continue
            whole.add(path.stem)
            found |= {sha: each for (sha, _), each in zip(members, read, strict=True)}
        for path in self.folder.iterdir():
            if path.is_file() and path.stem not in whole:
                path.unlink()
        return found

    def _read_missing(self, originals: Mapping[str, Path], workers: int) -> dict[str, Reading]:
        incoming = self.folder / _INCOMING
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir()
        packs: dict[str, list[tuple[Member, Reading]]] = {}
        readings: dict[str, Reading] = {}
        lost: dict[str, str] = {}
        # the child's last word is what _write_pack made of a reading
        answers: Iterator[tuple[Path, Any]] = read_isolated(
            _read_original, list(originals.values()), workers, partial(_write_pack, incoming)
        )
        for number, (sha, (_, answer)) in enumerate(zip(originals, answers, strict=True)):
            if isinstance(answer, _Lost):
                lost[sha] = answer.what
            elif isinstance(answer, _Packed):
                readings[sha] = answer.reading
                packs.setdefault(answer.file, []).append(((sha, number), answer.reading))
            elif isinstance(answer, Unreadable):
                readings[sha] = answer
                if answer.reason not in OF_THE_MACHINE:
                    packs.setdefault("", []).append(((sha, -1), answer))
        for file, members in packs.items():
            self._keep(incoming / file if file else None, members)
        shutil.rmtree(incoming)
        if lost:
            raise OriginalsLost(lost)
        return readings

    def _keep(self, cells: Path | None, members: Sequence[tuple[Member, Reading]]) -> None:
        digest = sha256_of(cells) if cells is not None and cells.exists() else ""
        listed = [member for member, _ in members]
        # two files may have the same cells
        named = digest + "".join(sha for sha, _ in listed)
        name = hashlib.sha256(named.encode()).hexdigest()
        if cells is not None and digest:
            cells.replace(self.folder / f"{name}{_CELLS}")
        keep(self.folder / f"{name}{_READ}", name, [reading for _, reading in members])
        keep(self.folder / f"{name}{_FILES}", name, (digest, listed))

    def _drop_others(self, anew: bool) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        for folder in self.home.iterdir():
            if folder.is_dir() and (anew or folder.name != self.version):
                shutil.rmtree(folder, ignore_errors=True)
        self.folder.mkdir(exist_ok=True)


def _numbered(table: pa.Table, wanted: Mapping[int, int]) -> pa.Table:
    """What is of the wanted files (old number to new) under their new numbers."""
    if not table.num_rows:
        return table
    # by Polars: where Arrow gives or takes an array it loads pandas, half a second of a night.
    # Reading processes number nothing, and do without it
    import polars as pl

    old = pl.Series(values=pl.from_arrow(table.column("file_no")))
    numbers = old.replace_strict(dict(wanted), default=-1, return_dtype=pl.Int32)
    at = table.schema.get_field_index("file_no")
    table = table.set_column(at, table.schema.field(at), numbers.to_arrow())
    is_wanted = numbers >= 0
    return table if is_wanted.all() else table.filter(is_wanted.to_arrow())
