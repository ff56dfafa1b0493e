"""A process that dies in the middle of writing loses nothing that it acknowledged."""

import subprocess
import sys
from pathlib import Path

from storage.database import Database, open_database
from storage.resources import ROWS
from tests.storage.samples import SCOPE, listed, read, rows_in, run

ROOT = Path(__file__).parents[2]

WRITING = """
import asyncio, sys
from storage.database import open_database
from tests.storage.samples import create_once

async def write_for_ever(database, writer):
    for number in range(writer, 10_000_000, 16):
        await database.write(lambda tx: create_once(tx, str(number), number))
        print(number, flush=True)

async def main():
    database = open_database(sys.argv[1])
    await asyncio.gather(*(write_for_ever(database, writer) for writer in range(16)))

asyncio.run(main())
"""


def kill_while_writing(url: str, after: int) -> list[int]:
    """Start a writing process, kill it after so many acknowledged writes, and return all that it acknowledged."""
    command = [sys.executable, "-c", WRITING, url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(after)]
        process.kill()
        acknowledged += process.stdout.readlines()
    # The kill may have cut the last line short.
    return [int(line) for line in acknowledged if line.endswith("\n")]


def ids_in(database: Database) -> set[str]:
    return {row.id for row in read(database, listed)}


def test_a_killed_process_loses_nothing_acknowledged(url: str, engine_name: str) -> None:
    for round_number in range(1, 3):
        acknowledged = kill_while_writing(url, 150 * round_number)
        database = open_database(url)
        stored = ids_in(database)
        assert {f"res_{number:026}" for number in acknowledged} <= stored
        assert len(acknowledged) >= 150
        assert read(database, lambda tx: ROWS.count(tx, SCOPE, {})) == len(stored)
        assert read(database, lambda tx: rows_in(tx, "idempotency_keys")) == len(stored)
        if engine_name == "sqlite":
            check = read(database, lambda tx: tx.exec_driver_sql("PRAGMA integrity_check").scalar_one())
            assert check == "ok"
        run(database.close())
