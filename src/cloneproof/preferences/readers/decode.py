"""Bytes of a file to columns: unpack, check the encoding, then read one kind of table."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as pa_feather
import pyarrow.parquet as pq

from cloneproof._core.errors import InputError
from cloneproof.preferences.readers.plain_csv import WORTH_FROM, read_plain_csv
from cloneproof.preferences.readers.records import Source, rows_to_columns, table_source

__all__ = ["decode", "kind_of_name"]

_KINDS = {
    "jsonl": "JSONL", "ndjson": "JSONL", "json": "JSON", "csv": "CSV", "tsv": "TSV", "tab": "TSV",
    "parquet": "Parquet", "pq": "Parquet", "arrow": "Arrow", "feather": "Arrow", "ipc": "Arrow",
}  # fmt: skip
_PACKED = ("gz", "gzip", "zst", "zstd")
_BINARY = ("Parquet", "Arrow")


def kind_of_name(name: str) -> str | None:
    """Return the kind of table that a file's name stands for, None where it does not say."""
    parts = name.lower().split(".")[1:]
    while parts and parts[-1] in _PACKED:
        parts.pop()
    return _KINDS.get(parts[-1]) if parts else None


def decode(content: bytes, name: str) -> Source:
    """Read the bytes of a file or of standard input.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name; its ending says the kind, the content where it has none.

    Raises
    ------
    InputError
        If the content is empty, cut off, not UTF-8, or not the kind of table that it should be.
    """
    content = _unpack(content, name)
    blank = b" \t\r\n\xef\xbb\xbf"
    if not content[:4096].strip(blank) and not content.strip(blank):
        raise InputError(f"{name} is empty. Give a file with at least one comparison.")
    kind = _sniff_binary(content) or kind_of_name(name) or _sniff_text(content)
    if kind in _BINARY:
        return _read_binary(content, name, kind)
    text = _utf8(content, name)
    if kind == "JSONL":
        return _read_jsonl(text, name)
    if kind == "JSON":
        return _read_json(text, name)
    return _read_csv(text, name, kind)


def _unpack(content: bytes, name: str) -> bytes:
    try:
        if content[:2] == b"\x1f\x8b":
            return gzip.decompress(content)
        if content[:4] == b"\x28\xb5\x2f\xfd":
            with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
                return bytes(stream.read())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{name} is a compressed file that is cut off or damaged ({error}). Fetch it again."
        ) from error
    if name.lower().endswith(tuple(f".{p}" for p in _PACKED)) and content:
        raise InputError(f"{name} is named like a compressed file but holds none (wrong first bytes).")
    return content


def _sniff_binary(content: bytes) -> str | None:
    if content[:4] == b"PAR1":
        return "Parquet"
    return "Arrow" if content[:6] == b"ARROW1" or content[:4] == b"\xff\xff\xff\xff" else None


def _sniff_text(content: bytes) -> str:
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:65536]
    if start[:1] == b"{":
        return "JSONL"
    if start[:1] == b"[":
        return "JSON"
    return "TSV" if b"\t" in start.split(b"\n", 1)[0] else "CSV"


def _utf8(content: bytes, name: str) -> bytes:
    """Return the content without a byte order mark, checked to be UTF-8."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.isascii():
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = " It looks like UTF-16." if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ""
        raise InputError(
            f"{name} is not UTF-8: line {line:,} holds the byte 0x{content[error.start]:02x}.{hint} "
            "Save it as UTF-8."
        ) from None
    return content


def _read_binary(content: bytes, name: str, kind: str) -> Source:
    buffer = pa.BufferReader(content)
    try:
        if kind == "Parquet":
            table = pq.read_table(buffer)
        elif content[:6] == b"ARROW1":
            table = pa_feather.read_table(buffer)
        else:
            table = pa.ipc.open_stream(buffer).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name} cannot be read as {kind}: it is cut off or damaged ({_first_line(error)})."
        ) from error
    return table_source(table, name, kind)


def _read_jsonl(text: bytes, name: str) -> Source:
    rows, lines = [], []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip():
            continue
        rows.append(_json_row(line, f"{name}, line {number:,},"))
        lines.append(number)
    return rows_to_columns(rows, name, "JSONL", lines)


def _json_row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except RecursionError:
        raise InputError(f"{where} is nested too deeply to be a comparison.") from None
    except ValueError as error:
        raise InputError(f"{where} is not JSON: {_first_line(error)}. Give one object a line.") from None
    if not isinstance(row, dict):
        raise InputError(f"{where} must be a JSON object with named fields. It is a {type(row).__name__}.")
    return row


def _read_json(text: bytes, name: str) -> Source:
    try:
        found = json.loads(text)
    except RecursionError:
        raise InputError(f"{name} is nested too deeply to be a list of comparisons.") from None
    except ValueError as error:
        if text.count(b"\n") and text.lstrip()[:1] == b"{":
            return _read_jsonl(text, name)
        raise InputError(f"{name} is not JSON: {_first_line(error)}.") from None
    if isinstance(found, dict):
        lists = {k: v for k, v in found.items() if isinstance(v, list)}
        if (
            len(lists) == len(found)
            and len({len(v) for v in lists.values()}) == 1
            and not all(isinstance(x, dict) for v in lists.values() for x in v)
        ):
            found = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
        else:
            found = [found]
    if not isinstance(found, list):
        raise InputError(f"{name} must hold a list of objects. It holds a {type(found).__name__}.")
    for row, value in enumerate(found):
        if not isinstance(value, dict):
            raise InputError(f"{name} must hold a list of objects; entry {row} is a {type(value).__name__}.")
    return rows_to_columns(found, name, "JSON", None)


def _read_csv(text: bytes, name: str, kind: str) -> Source:
    delimiter = "\t" if kind == "TSV" else ","
    if len(text) >= WORTH_FROM:
        plain = read_plain_csv(text, delimiter)
        if plain is not None:
            return table_source(plain, name, kind)
    parse: dict[str, Any] = {"delimiter": delimiter, "newlines_in_values": True}
    block = min(len(text) + 16, 2**31 - 16)
    ragged: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        ragged.append((row.expected_columns, row.actual_columns))
        return "skip"

    try:
        first = pa_csv.open_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(
                block_size=block, use_threads=False, autogenerate_column_names=True
            ),
            parse_options=pa_csv.ParseOptions(**parse, invalid_row_handler=lambda _: "skip"),
            convert_options=pa_csv.ConvertOptions(column_types={f"f{k}": pa.string() for k in range(4096)}),
        )
        header = [column[0].as_py() or "" for column in first.read_next_batch().slice(0, 1).columns]
        _check_header(header, name, kind)
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(block_size=block, use_threads=True),
            parse_options=pa_csv.ParseOptions(**parse, invalid_row_handler=note),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, OSError, StopIteration) as error:
        raise InputError(f"{name} cannot be read as {kind}: {_first_line(error)}.") from error
    if ragged:
        expected, actual = ragged[0]
        raise InputError(
            f"{len(ragged):,} of {table.num_rows + len(ragged):,} rows of {name} have another number of "
            f"fields than the header; first: {_where_ragged(text, expected, delimiter)} with {actual} "
            f"instead of {expected}. Quote fields that hold {delimiter!r} or line breaks."
        )
    return table_source(table, name, kind)


def _where_ragged(text: bytes, expected: int, delimiter: str) -> str:
    """Return the line of the first row with another number of fields, by the slow reader."""
    import csv
    import io

    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter)
    try:
        start = 1
        for row in reader:
            if row and len(row) != expected:
                return f"line {start:,}"
            start = reader.line_num + 1
    except csv.Error:
        pass
    return "a row"


def _check_header(header: list[str], name: str, kind: str) -> None:
    twice = [column for column, times in Counter(header).items() if times > 1]
    if twice:
        raise InputError(
            f"The header of {name} names {twice[0]!r} {header.count(twice[0])} times. Name each column once."
        )
    if len(header) == 1:
        other = next((d for d in ("\t", ";", ",") if d in header[0]), None)
        if other:
            raise InputError(
                f"{name} was read as {kind} and has one column, {header[0][:60]!r}. Is it separated by "
                f"{other!r}? Save it with commas as .csv or with tabs as .tsv."
            )


def _first_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return (text if len(text) <= 160 else f"{text[:157]}...").rstrip(".") or type(error).__name__
