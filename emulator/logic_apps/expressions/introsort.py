"""The order of .NET's Array.Sort, which is not stable: equal elements end in the order that its steps leave them in.

Source: learn.microsoft.com, "Array.Sort": insertion sort up to 16 elements, else quicksort around a median of three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_SMALL: Final = 16


def introsorted(values: list[T], compare: Callable[[T, T], int]) -> list[T]:
    """Return the values sorted; `compare` gives a negative number, 0 or a positive one."""
    keys = list(values)
    ranges = [(0, len(keys) - 1, 2 * len(keys).bit_length())]
    while ranges:
        low, high, depth = ranges.pop()
        if high - low < _SMALL:
            _sort_small(keys, low, high, compare)
        elif depth == 0:
            keys[low : high + 1] = _heap_sorted(keys[low : high + 1], compare)
        else:
            pivot = _partition(keys, low, high, compare)
            ranges += [(low, pivot - 1, depth - 1), (pivot + 1, high, depth - 1)]
    return keys


def _order(keys: list[T], first: int, second: int, compare: Callable[[T, T], int]) -> None:
    if compare(keys[first], keys[second]) > 0:
        keys[first], keys[second] = keys[second], keys[first]


def _sort_small(keys: list[T], low: int, high: int, compare: Callable[[T, T], int]) -> None:
    if high - low == 1:
        _order(keys, low, high, compare)
    elif high - low == 2:
        for first, second in ((low, high - 1), (low, high), (high - 1, high)):
            _order(keys, first, second, compare)
    else:
        for index in range(low, high):
            value, place = keys[index + 1], index
            while place >= low and compare(value, keys[place]) < 0:
                keys[place + 1] = keys[place]
                place -= 1
            keys[place + 1] = value


def _partition(keys: list[T], low: int, high: int, compare: Callable[[T, T], int]) -> int:
    middle = low + (high - low) // 2
    for first, second in ((low, middle), (low, high), (middle, high)):
        _order(keys, first, second, compare)
    pivot = keys[middle]
    keys[middle], keys[high - 1] = keys[high - 1], keys[middle]
    left, right = low, high - 1
    while True:
        left += 1
        while left < high and compare(keys[left], pivot) < 0:
            left += 1
        right -= 1
        while right > low and compare(pivot, keys[right]) < 0:
            right -= 1
        if left >= right:
            break
        keys[left], keys[right] = keys[right], keys[left]
    keys[left], keys[high - 1] = keys[high - 1], keys[left]
    return left


def _heap_sorted(keys: list[T], compare: Callable[[T, T], int]) -> list[T]:
    """Heap sort, for ranges that quicksort has cut badly."""
    count = len(keys)
    for root in range(count // 2 - 1, -1, -1):
        _sink(keys, root, count, compare)
    for end in range(count - 1, 0, -1):
        keys[0], keys[end] = keys[end], keys[0]
        _sink(keys, 0, end, compare)
    return keys


def _sink(keys: list[T], root: int, count: int, compare: Callable[[T, T], int]) -> None:
    value = keys[root]
    while (child := 2 * root + 1) < count:
        if child + 1 < count and compare(keys[child], keys[child + 1]) < 0:
            child += 1
        if compare(value, keys[child]) >= 0:
            break
        keys[root] = keys[child]
        root = child
    keys[root] = value
