"""Limits in the memory of one process: an account's numbers are a small object, and nothing waits."""

from storage.limits import HOUR, MICROSECONDS, MINUTE, REQUEST, Admission, Ceilings, Decision, Verdict

# As far as this a clock may be behind what was recorded: nothing is forgotten, and nothing drains twice.
TOLERANCE = MINUTE * MICROSECONDS
GENERATION = HOUR * MICROSECONDS
ADMITTED = Verdict.ADMITTED
UNDECIDED = Decision(Verdict.MONTH_UNKNOWN, 0, 0, 0, 0, 0)


class _Account:
    """What an account has used; `windows` holds, per length in seconds, a list of the window's number and its count."""

    __slots__ = ("active", "backlog", "drained", "month", "month_used", "windows")

    def __init__(self) -> None:
        self.windows = {MINUTE: [0, 0], HOUR: [0, 0]}
        self.backlog = 0
        self.drained = 0
        self.active = 0
        self.month = 0
        self.month_used = 0


class MemoryLimiter:
    """The limiter of a server that is one process.

    Accounts are kept in two generations. What nobody asked for during a whole one is dropped: by then its windows are
    over, its bucket is drained and its month stands in the database.
    """

    def __init__(self) -> None:
        self._young: dict[str, _Account] = {}
        self._old: dict[str, _Account] = {}
        self._begins = self._ends = 0

    def admit(self, asked: Admission, ceilings: Ceilings) -> Decision:
        """Let a request in and count it, or refuse it and count nothing."""
        account_id, at, month, cost, slot, _ = asked
        window, rate, burst, concurrent, quota = ceilings
        account = self._young.get(account_id) if self._begins < at < self._ends else None
        if account is None:
            account = self._account(account_id, at)
        if account.month != month.start and not _begin_month(account, asked) and quota is not None:
            return UNDECIDED
        number = at // (window * MICROSECONDS)
        counter = account.windows[window]
        # A request before this one may have been in the next window already, by another clock.
        if not number <= counter[0] <= number + 1:
            counter[:] = number, 0
        if window == MINUTE:
            elapsed = at - account.drained
            if not -TOLERANCE <= elapsed <= 0:
                account.drained = at
                account.backlog = max(0, account.backlog - max(0, elapsed) * rate)
            is_over = account.backlog + (cost - burst) * REQUEST > 0
        else:
            is_over = counter[1] + cost > rate
        verdict, wait = ADMITTED, 0
        if (
            is_over
            or (quota is not None and account.month_used + cost > quota)
            or (concurrent is not None and slot and account.active >= concurrent)
        ):
            verdict, wait = _refusal(account, counter[0], is_over, asked, ceilings)
        else:
            counter[1] += cost
            if window == MINUTE:
                account.backlog += cost * REQUEST
            if account.month == month.start:
                account.month_used += cost
            if slot:
                account.active += 1
        decided = verdict, counter[1], account.backlog, account.active, account.month_used, wait
        # What the class does when it is called, without a function in Python between.
        return tuple.__new__(Decision, decided)

    def leave(self, asked: Admission, ceilings: Ceilings, refund: int) -> None:
        """End an admitted request: its slot is free again, and `refund` requests were not used after all."""
        account = self._young.get(asked.account_id) or self._old.get(asked.account_id)
        if account is None:
            return
        if asked.slot and account.active:
            account.active -= 1
        if refund:
            counter = account.windows[ceilings.window]
            if counter[0] == asked.at // (ceilings.window * MICROSECONDS):
                counter[1] = max(0, counter[1] - refund)
            self._refund(account, asked, ceilings, refund)

    async def ping(self) -> None:
        """Memory answers."""

    async def close(self) -> None:
        """Nothing is under way."""

    @staticmethod
    def _refund(account: _Account, asked: Admission, ceilings: Ceilings, refund: int) -> None:
        if ceilings.window == MINUTE:
            account.backlog = max(0, account.backlog - refund * REQUEST)
        if account.month == asked.month.start:
            account.month_used = max(0, account.month_used - refund)

    def _account(self, account_id: str, at: int) -> _Account:
        if not self._begins < at < self._ends:
            self._old = self._young if at < self._ends + GENERATION else {}
            self._young = {}
            self._begins, self._ends = at - GENERATION, at + GENERATION
        account = self._young.get(account_id)
        if account is None:
            account = self._young[account_id] = self._old.pop(account_id) if account_id in self._old else _Account()
        return account


def _begin_month(account: _Account, asked: Admission) -> bool:
    """Count another month from now on, if what was used of it is known."""
    if asked.month_used is None:
        return False
    account.month, account.month_used = asked.month.start, asked.month_used
    return True


def _refusal(
    account: _Account, number: int, is_over: bool, asked: Admission, ceilings: Ceilings
) -> tuple[Verdict, int]:
    """Which ceiling refuses a request, and for how long; `is_over` where it is that of the window with this number."""
    at, cost = asked.at, asked.cost
    if ceilings.quota is not None and account.month_used + cost > ceilings.quota:
        return Verdict.QUOTA, asked.month.end * MICROSECONDS - at
    if not is_over:
        return Verdict.CONCURRENCY, MICROSECONDS
    if ceilings.window == HOUR:
        return Verdict.RATE, (number + 1) * HOUR * MICROSECONDS - at
    over = account.backlog + (cost - ceilings.burst) * REQUEST
    return Verdict.RATE, -(-over // ceilings.rate)
