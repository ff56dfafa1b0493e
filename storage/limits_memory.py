"""Limits in the memory of one process: an account's numbers are a small object, and nothing waits."""

from storage.limits import HOUR, MICROSECONDS, MINUTE, REQUEST, Decision, Entitlement, Verdict

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

    def admit(self, entitlement: Entitlement, at: int, slot: str, cost: int, month_used: int | None) -> Decision:
        """Let a request in and count it, or refuse it and count nothing."""
        ceilings, month = entitlement.ceilings, entitlement.month.start
        window, quota = ceilings.window, ceilings.quota
        account = self._young.get(entitlement.account_id) if self._begins < at < self._ends else None
        if account is None:
            account = self._account(entitlement.account_id, at)
        if account.month != month and not _begin_month(account, month, month_used) and quota is not None:
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
                account.backlog = max(0, account.backlog - max(0, elapsed) * ceilings.rate)
            is_over = account.backlog + (cost - ceilings.burst) * REQUEST > 0
        else:
            is_over = counter[1] + cost > ceilings.rate
        verdict, wait = ADMITTED, 0
        if (
            is_over
            or (quota is not None and account.month_used + cost > quota)
            or (slot and ceilings.concurrent is not None and account.active >= ceilings.concurrent)
        ):
            verdict, wait = _refusal(account, counter[0], is_over, entitlement, at, cost)
        else:
            counter[1] += cost
            if window == MINUTE:
                account.backlog += cost * REQUEST
            if account.month == month:
                account.month_used += cost
            if slot:
                account.active += 1
        return Decision(verdict, counter[1], account.backlog, account.active, account.month_used, wait)

    def leave(self, entitlement: Entitlement, at: int, slot: str, refund: int) -> None:
        """End an admitted request: its slot is free again, and `refund` requests were not used after all."""
        account = self._young.get(entitlement.account_id) or self._old.get(entitlement.account_id)
        if account is None:
            return
        if slot and account.active:
            account.active -= 1
        if refund:
            _give_back(account, entitlement, at, refund)

    async def ping(self) -> None:
        """Memory answers."""

    async def close(self) -> None:
        """Nothing is under way."""

    def _account(self, account_id: str, at: int) -> _Account:
        if not self._begins < at < self._ends:
            self._old = self._young if at < self._ends + GENERATION else {}
            self._young = {}
            self._begins, self._ends = at - GENERATION, at + GENERATION
        account = self._young.get(account_id)
        if account is None:
            account = self._young[account_id] = self._old.pop(account_id) if account_id in self._old else _Account()
        return account


def _begin_month(account: _Account, month: int, used: int | None) -> bool:
    """Count another month from now on, if what was used of it is known."""
    if used is None:
        return False
    account.month, account.month_used = month, used
    return True


def _give_back(account: _Account, entitlement: Entitlement, at: int, refund: int) -> None:
    """Take requests back that were counted at this time."""
    window = entitlement.ceilings.window
    counter = account.windows[window]
    if counter[0] == at // (window * MICROSECONDS):
        counter[1] = max(0, counter[1] - refund)
    if window == MINUTE:
        account.backlog = max(0, account.backlog - refund * REQUEST)
    if account.month == entitlement.month.start:
        account.month_used = max(0, account.month_used - refund)


def _refusal(
    account: _Account, number: int, is_over: bool, entitlement: Entitlement, at: int, cost: int
) -> tuple[Verdict, int]:
    """Which ceiling refuses a request, and for how long; `is_over` where it is that of the window with this number."""
    ceilings = entitlement.ceilings
    if ceilings.quota is not None and account.month_used + cost > ceilings.quota:
        return Verdict.QUOTA, entitlement.month.end * MICROSECONDS - at
    if not is_over:
        return Verdict.CONCURRENCY, MICROSECONDS
    if ceilings.window == HOUR:
        return Verdict.RATE, (number + 1) * HOUR * MICROSECONDS - at
    over = account.backlog + (cost - ceilings.burst) * REQUEST
    return Verdict.RATE, -(-over // ceilings.rate)
