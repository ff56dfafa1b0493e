"""SQLite's one writer: a thread that commits what has gathered together, with one sync of the disk."""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from storage.database import Transaction, Unavailable, check_deadline

T = TypeVar("T")

CAPACITY = 1_000
BATCH = 64


class _Outcome(NamedTuple):
    value: Any
    error: BaseException | None


class _Unit(NamedTuple):
    work: Callable[[Transaction], Any]
    settled: "asyncio.Future[_Outcome]"
    expires: float


class Writer:
    """Runs units of work one after the other on its own connection, in transactions of up to BATCH units.

    A unit that raises takes back its own changes only. A unit is answered after the commit; when that fails, every
    unit of the transaction gets the error. `translate` makes Unavailable of what the driver raises.
    """

    def __init__(
        self, connection: Transaction, deadline: float, translate: Callable[[BaseException], BaseException]
    ) -> None:
        self.connection = connection
        self._driver: Any = connection.connection.dbapi_connection
        self._deadline = deadline
        self._translate = translate
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` and return what it returns, once it is on the disk."""
        if self._closed:
            raise Unavailable("The database is closed.")
        if self._queue.qsize() >= CAPACITY:
            raise Unavailable(f"More than {CAPACITY} writes are waiting for the database.")
        settled: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._queue.put(_Unit(work, settled, time.monotonic() + self._deadline))
        outcome = await settled
        if outcome.error is not None:
            raise outcome.error
        value: T = outcome.value
        return value

    async def close(self) -> None:
        """Finish what is queued and end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            gathered = [self._queue.get()]
            while len(gathered) < BATCH and not self._queue.empty():
                gathered.append(self._queue.get())
            stopping = None in gathered
            units = [unit for unit in gathered if unit is not None and not unit.settled.cancelled()]
            if units:
                _answer(units, self._commit(units))

    def _commit(self, units: list[_Unit]) -> list[_Outcome]:
        try:
            self._driver.execute("BEGIN IMMEDIATE")
            if len(units) == 1:
                outcomes = [_Outcome(self._run(units[0]), None)]
            else:
                outcomes = [self._run_apart(unit) for unit in units]
            self._driver.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - whatever happens, every unit gets its answer
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
            return [_Outcome(None, self._translate(error)) for _ in units]
        return outcomes

    def _run_apart(self, unit: _Unit) -> _Outcome:
        self._driver.execute("SAVEPOINT unit")
        try:
            value = self._run(unit)
        except BaseException as error:
            # A full disk and the like end the whole transaction, and with it the work of the other units.
            if not self._driver.in_transaction:
                raise
            self._driver.execute("ROLLBACK TO unit")
            self._driver.execute("RELEASE unit")
            return _Outcome(None, self._translate(error))
        self._driver.execute("RELEASE unit")
        return _Outcome(value, None)

    def _run(self, unit: _Unit) -> Any:
        check_deadline(unit.expires)
        value = unit.work(self.connection)
        check_deadline(unit.expires)
        return value


def _answer(units: list[_Unit], outcomes: list[_Outcome]) -> None:
    def settle() -> None:
        for unit, outcome in zip(units, outcomes, strict=True):
            # A caller that was cancelled meanwhile waits for nothing any more.
            if not unit.settled.done():
                unit.settled.set_result(outcome)

    # Once the event loop is closed nobody waits for the answers.
    with contextlib.suppress(RuntimeError):
        units[0].settled.get_loop().call_soon_threadsafe(settle)
