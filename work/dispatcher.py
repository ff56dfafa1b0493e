"""The dispatcher: makes deliveries of events, in the order in which they were committed."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from domain import dispatching
from storage.database import DeadlineExceeded, Unavailable
from work.sender import Sender
from work.workers import Station

log = structlog.get_logger()

# A wake-up that was lost, and a process that died while it dispatched, are noticed after so long.
LOOK_SECONDS = 0.5
# Between two steps when there is more to do; then requests have their turn.
PAUSE_SECONDS = 0.002


class Dispatcher:
    """Dispatches until it is stopped, and hands what it made to the sender of its process."""

    def __init__(self, station: Station, sender: Sender) -> None:
        self._station = station
        self._sender = sender
        self._stopping = False

    async def run(self) -> None:
        """Look again and again."""
        while not self._stopping:
            if await self.look():
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                await self._station.wakeups.wait("events", LOOK_SECONDS)

    def stop(self) -> None:
        """Have `run` return."""
        self._stopping = True
        self._station.wakeups.stir({"events"})

    async def look(self) -> bool:
        """Dispatch some events, and say whether there may be more."""
        lease = self._sender.lease()
        step = partial(dispatching.dispatch, lease=lease, room=self._sender.room())
        try:
            dispatched = await self._station.database.write(step)
        except (Unavailable, DeadlineExceeded) as error:
            log.warning("events put off", reason=str(error))
            return False
        except Exception:
            log.exception("events failed")
            return False
        self._sender.take(dispatched.parcel, lease)
        if self._sender.has_ended:
            # Both were stopped meanwhile, and it has given back what it held by then.
            await self._sender.give_back()
        return dispatched.has_more
