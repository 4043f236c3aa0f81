"""SQLite files as the services open them."""

import sqlite3
import stat
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from emulator.sqlite import Database, open_database

SCHEMA = "CREATE TABLE IF NOT EXISTS t (n INTEGER UNIQUE)"


class Numbers(Database):
    """A table of numbers."""

    def all(self) -> list[int]:
        return [number for (number,) in self._connection.execute("SELECT n FROM t ORDER BY n")]


@pytest.fixture
def numbers(tmp_path: Path) -> Generator[Numbers]:
    database = Numbers(tmp_path / "folder" / "numbers.db", SCHEMA)
    yield database
    database.close()


def insert(numbers: Numbers, *values: int) -> None:
    """Insert each in a transaction of its own."""
    for value in values:
        with numbers.transaction():
            numbers.write("INSERT INTO t VALUES (?)", value)


def test_what_fails_within_a_transaction_leaves_nothing_of_it(numbers: Numbers):
    numbers.write("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError), numbers.transaction():
        insert(numbers, 2, 1)
    assert numbers.all() == [1]


def test_an_inner_transaction_is_kept_only_with_the_outer_one(numbers: Numbers):
    with pytest.raises(sqlite3.IntegrityError), numbers.transaction():
        insert(numbers, 1, 1)
    with numbers.transaction(), numbers.transaction():
        numbers.write("INSERT INTO t VALUES (2)")
    assert numbers.all() == [2]


def test_a_write_outside_of_a_transaction_is_there_for_another_connection_at_once(numbers: Numbers, tmp_path: Path):
    assert numbers.write("INSERT INTO t VALUES (1), (2)") == 2
    other = open_database(tmp_path / "folder" / "numbers.db", SCHEMA)
    assert other.execute("SELECT count(*) FROM t").fetchone() == (2,)
    other.close()


def test_folder_and_file_are_for_their_owner_only(numbers: Numbers, tmp_path: Path):
    folder = tmp_path / "folder"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "numbers.db").stat().st_mode) == 0o600


def test_a_file_that_one_thread_opened_serves_another(numbers: Numbers):
    worker = threading.Thread(target=lambda: numbers.write("INSERT INTO t VALUES (7)"))
    worker.start()
    worker.join()
    assert numbers.all() == [7]
