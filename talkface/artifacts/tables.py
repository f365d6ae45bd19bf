"""One writer and one reader for every Parquet artifact.

The writer checks names, types, nulls and key uniqueness (pyarrow turns a misspelt column into nulls and does
not enforce ``nullable=False``), writes to a temporary file beside the target and renames it, so a table is
either complete or absent. Pages and footer have checksums. The reader raises an error that names the file if
it is truncated, damaged or not written by talkface.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from talkface import __version__
from talkface.artifacts.atomic import replacing
from talkface.artifacts.footer import FooterError, check_footer, seal_footer
from talkface.artifacts.schemas import TableSchema
from talkface.provenance.versions import present

_COMPRESSION = "zstd"


class TableError(ValueError):
    """A table that cannot be read or written as its schema asks; the message names file and column."""


Rows: TypeAlias = pa.Table | pd.DataFrame | Iterable[Mapping[str, Any]]


def to_arrow(rows: Rows, schema: TableSchema, where: str = "table") -> pa.Table:
    """Convert rows to the schema's columns, or raise ``TableError`` naming the offending column."""
    if isinstance(rows, pa.Table):
        table = rows
    elif isinstance(rows, pd.DataFrame):
        table = _from_columns({name: rows[name].tolist() for name in rows.columns}, schema, where)
    else:
        records = list(rows)
        names = schema.columns.names if not records else list(records[0])
        for record in records:
            if list(record) != names:
                raise TableError(
                    f"{where}: rows of schema '{schema.name}' differ in their columns: {list(record)}"
                )
        table = _from_columns({name: [record[name] for record in records] for name in names}, schema, where)
    _check_columns(table, schema, where)
    columns = [_cast(table[column.name], column, schema, where) for column in schema.columns]
    table = pa.Table.from_arrays(columns, schema=schema.columns)
    for column in schema.columns:
        values = table[column.name]
        if not column.nullable and (values.null_count or _has_inner_null(values)):
            raise TableError(f"{where}: column '{column.name}' of schema '{schema.name}' contains nulls")
    return table


def _cast(values: pa.ChunkedArray, column: pa.Field, schema: TableSchema, where: str) -> pa.ChunkedArray:
    try:
        return values.cast(column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError) as error:
        raise TableError(f"{where}: column '{column.name}' of schema '{schema.name}': {error}") from error


def _from_columns(columns: dict[str, list[Any]], schema: TableSchema, where: str) -> pa.Table:
    unknown = sorted(set(columns) - set(schema.columns.names))
    missing = sorted(set(schema.columns.names) - set(columns))
    if unknown or missing:
        raise TableError(
            f"{where}: schema '{schema.name}': unknown columns {unknown}, missing columns {missing}"
        )
    arrays = []
    for column in schema.columns:
        try:
            arrays.append(pa.array(columns[column.name], type=column.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError, OverflowError) as error:
            raise TableError(f"{where}: column '{column.name}' of schema '{schema.name}': {error}") from error
    return pa.Table.from_arrays(arrays, schema=schema.columns)


def _check_columns(table: pa.Table, schema: TableSchema, where: str) -> None:
    unknown = sorted(set(table.column_names) - set(schema.columns.names))
    missing = sorted(set(schema.columns.names) - set(table.column_names))
    if unknown or missing:
        raise TableError(
            f"{where}: schema '{schema.name}': unknown columns {unknown}, missing columns {missing}"
        )


def _has_inner_null(values: pa.ChunkedArray) -> bool:
    return any(pa.types.is_list(chunk.type) and chunk.flatten().null_count > 0 for chunk in values.chunks)


class TableWriter:
    """Write a table piece by piece, one row group per call of :meth:`write`; atomic on leaving the ``with``.

    An exception inside the ``with`` leaves neither the target nor the temporary file behind
    (``talkface.artifacts.atomic.UnwritableError`` where there is no room).
    """

    def __init__(self, path: str | Path, schema: TableSchema, metadata: Mapping[str, Any] | None = None):
        self.path = Path(path)
        self.schema = schema
        self._metadata = _file_metadata(schema, metadata or {})
        self._keys: set[tuple[Any, ...]] = set()

    def __enter__(self) -> TableWriter:
        with ExitStack() as stack:
            temporary = stack.enter_context(replacing(self.path))
            stack.push(partial(_seal, temporary))
            columns = self.schema.columns.with_metadata(self._metadata)
            self._writer = stack.enter_context(
                pq.ParquetWriter(temporary, columns, compression=_COMPRESSION, write_page_checksum=True)
            )
            self._stack = stack.pop_all()
        return self

    def write(self, rows: Rows) -> None:
        """Append one row group; an empty piece is skipped."""
        table = to_arrow(rows, self.schema, str(self.path))
        if table.num_rows == 0:
            return
        for key in zip(*(table[name].to_pylist() for name in self.schema.key), strict=True):
            if key in self._keys:
                raise TableError(
                    f"{self.path}: two rows share the key {dict(zip(self.schema.key, key, strict=True))}"
                )
            self._keys.add(key)
        self._writer.write_table(table, row_group_size=table.num_rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def _seal(temporary: Path, kind: type[BaseException] | None, *_: object) -> None:
    if kind is None:
        seal_footer(temporary)


def write_table(
    path: str | Path, schema: TableSchema, rows: Rows, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write a whole table at once (see :class:`TableWriter`)."""
    with TableWriter(path, schema, metadata) as writer:
        writer.write(rows)


def read_table(path: str | Path, schema: TableSchema) -> pa.Table:
    """Read a whole table of the given schema, or raise ``TableError`` naming the file."""
    file = _open(path, schema)
    with _readable(path):
        return file.read()


def read_frame(path: str | Path, schema: TableSchema) -> pd.DataFrame:
    """Read a whole table as a data frame."""
    return read_table(path, schema).to_pandas()


def read_metadata(path: str | Path) -> dict[str, Any]:
    """What the writer was told about the table: schema name and version, config section, code version."""
    return _decode_metadata(_open_any(path), path)


class ClipTable:
    """Random access by clip to a table written with one or more row groups per clip."""

    def __init__(self, path: str | Path, schema: TableSchema):
        assert schema.per_clip_groups, f"schema '{schema.name}' is not grouped by clip"
        self.path = Path(path)
        self.schema = schema
        self._file = _open(path, schema)
        self._groups: dict[str, list[int]] = {}
        position = schema.columns.get_field_index("clip")
        for group in range(self._file.num_row_groups):
            statistics = self._file.metadata.row_group(group).column(position).statistics
            if statistics is None or not statistics.has_min_max or statistics.min != statistics.max:
                raise TableError(f"{path}: row group {group} mixes clips; write one clip per call")
            self._groups.setdefault(statistics.min, []).append(group)

    @property
    def clips(self) -> list[str]:
        """The names of the clips, in the order in which they were written."""
        return list(self._groups)

    def __contains__(self, clip: str) -> bool:
        return clip in self._groups

    def read(self, clip: str, columns: list[str] | None = None) -> pa.Table:
        """The rows of one clip."""
        if clip not in self._groups:
            raise TableError(f"{self.path}: no clip '{clip}' in this table")
        with _readable(self.path):
            return self._file.read_row_groups(self._groups[clip], columns=columns)

    def __iter__(self) -> Iterator[tuple[str, pa.Table]]:
        for clip in self._groups:
            yield clip, self.read(clip)


def _file_metadata(schema: TableSchema, metadata: Mapping[str, Any]) -> dict[bytes, bytes]:
    content = {"schema": schema.name, "version": schema.version, "talkface": __version__}
    content |= {"versions": present(), **metadata}
    return {b"talkface": json.dumps(content, sort_keys=True, default=str).encode()}


def _decode_metadata(file: pq.ParquetFile, path: str | Path) -> dict[str, Any]:
    raw = (file.schema_arrow.metadata or {}).get(b"talkface")
    if raw is None:
        raise TableError(f"{path}: not a talkface table (no 'talkface' metadata); remove it and run again")
    try:
        content = json.loads(raw)
        return {"schema": content["schema"], "version": content["version"], **content}
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path}: its metadata are damaged; remove it and run again") from error


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Errors of the Parquet library while a file is read, as one line that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise TableError(f"{path}: no such table") from error
    except (FooterError, pa.ArrowException, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TableError(
            f"{path}: not a readable Parquet file ({reason}); remove it and run again"
        ) from error


def _open_any(path: str | Path) -> pq.ParquetFile:
    with _readable(path):
        check_footer(Path(path))
        return pq.ParquetFile(path, page_checksum_verification=True)


def _open(path: str | Path, schema: TableSchema) -> pq.ParquetFile:
    file = _open_any(path)
    found = _decode_metadata(file, path)
    if (found["schema"], found["version"]) != (schema.name, schema.version):
        raise TableError(
            f"{path}: has schema '{found['schema']}' version {found['version']}, "
            f"expected '{schema.name}' version {schema.version}; remove it and run again"
        )
    if not file.schema_arrow.equals(schema.columns):
        raise TableError(
            f"{path}: its columns are not those of schema '{schema.name}'; remove it and run again"
        )
    return file
