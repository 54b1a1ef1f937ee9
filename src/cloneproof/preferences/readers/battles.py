"""The usual file of battles, two names and a label a row: read straight from coded columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cloneproof.preferences._labels import number_by_appearance
from cloneproof.preferences.comparisons import Comparisons
from cloneproof.preferences.readers.labels import label_share
from cloneproof.preferences.readers.options import ReaderOptions
from cloneproof.preferences.readers.records import Source
from cloneproof.preferences.readers.roles import find_roles

__all__ = ["Battles", "read_battles"]

_NUMBER_START = re.compile(r"\s*[-+.\d]", re.ASCII)


class Battles(NamedTuple):
    """Comparisons of models, the columns they came from and the labels met."""

    comparisons: Comparisons
    columns: Mapping[str, str]
    labels: Mapping[str, int]


def read_battles(source: Source, options: ReaderOptions) -> Battles | None:
    """Read labelled rows of two names, or return None where anything asks for the general reader.

    That is the case unless all three columns are dictionaries of strings without gaps, there are no
    further parts (texts, prompts, annotators, counts), every label is known, and no row compares a model
    with itself. What comes out is what the general reader gives, in half the time.
    """
    roles = find_roles("labelled", source, options.columns)
    if roles.keys() != {"left", "right", "outcome"} or options.unit == "answer" or options.graded:
        return None
    coded = [_coded(source.column(roles[part])) for part in ("left", "right", "outcome")]
    left, right, winner = coded
    if left is None or right is None or winner is None:
        return None
    if any(_NUMBER_START.match(value) for value in winner[1]):
        return None  # numbers may be on a scale
    shares = [label_share(value, options.outcomes) for value in winner[1]]
    if any(share is None for share in shares):
        return None
    place = {name: k for k, name in enumerate(dict.fromkeys([*left[1], *right[1]]))}
    sides = [np.array([place[name] for name in side[1]], dtype=np.int32)[side[0]] for side in (left, right)]
    if (sides[0] == sides[1]).any():
        return None
    order, new_left, new_right = number_by_appearance(sides[0], sides[1], len(place))
    names = list(place)
    ids = np.empty(len(order), dtype=object)
    ids[:] = [names[k] for k in order.tolist()]
    met = np.bincount(winner[0], minlength=len(winner[1])).tolist()
    meaning = np.array(shares, dtype=np.float64)
    constant = len({share for share, n in zip(shares, met, strict=True) if n}) == 1
    outcome = np.broadcast_to(meaning[winner[0][0]], len(sides[0])) if constant else meaning[winner[0]]
    return Battles(
        comparisons=Comparisons.from_arrays(new_left, new_right, outcome, ids=ids),
        columns=roles,
        labels={} if len(met) > 50 else {v: n for v, n in zip(winner[1], met, strict=True) if n},
    )


def _coded(column: Any) -> tuple[NDArray[np.int32], list[str]] | None:
    """Return the codes and values of a dictionary column of one chunk without gaps."""
    if not isinstance(column, pa.ChunkedArray) or column.num_chunks != 1 or column.null_count:
        return None
    if not pa.types.is_dictionary(column.type) or not pa.types.is_string(column.type.value_type):
        return None
    only = column.chunk(0)
    if not len(only) or only.indices.type != pa.int32() or only.dictionary.null_count:
        return None
    return np.asarray(only.indices), only.dictionary.to_pylist()
