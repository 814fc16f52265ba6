"""Three ways a provider limits an amount a minute."""

from __future__ import annotations

from collections import deque


class Bucket:
    """A continuous token bucket: one minute's worth, filled evenly."""

    def __init__(self, limit: float) -> None:
        self.limit, self.left, self.then = limit, limit, 0.0

    def wait(self, now: float, amount: float) -> float:
        """Seconds until `amount` would be admitted; 0 = now."""
        self.left = min(self.limit, self.left + (now - self.then) * self.limit / 60)
        self.then = now
        return max(0.0, (amount - self.left) * 60 / self.limit)

    def take(self, now: float, amount: float) -> None:
        self.left -= amount


class Fixed:
    """A window that starts anew every full minute."""

    def __init__(self, limit: float) -> None:
        self.limit, self.used, self.minute = limit, 0.0, -1

    def wait(self, now: float, amount: float) -> float:
        if int(now // 60) != self.minute:
            self.minute, self.used = int(now // 60), 0.0
        return 0.0 if self.used + amount <= self.limit else 60 - now % 60

    def take(self, now: float, amount: float) -> None:
        self.used += amount


class Sliding:
    """What was admitted in the last 60 seconds counts."""

    def __init__(self, limit: float) -> None:
        self.limit, self.used, self.log = limit, 0.0, deque[tuple[float, float]]()

    def wait(self, now: float, amount: float) -> float:
        while self.log and self.log[0][0] <= now - 60:
            self.used -= self.log.popleft()[1]
        if self.used + amount <= self.limit:
            return 0.0
        spare = self.limit - self.used
        for then, old in self.log:
            spare += old
            if spare >= amount:
                return max(0.001, then + 60 - now)
        return 60.0

    def take(self, now: float, amount: float) -> None:
        self.used += amount
        self.log.append((now, amount))


KINDS: dict[str, type[Bucket | Fixed | Sliding]] = {"bucket": Bucket, "fixed": Fixed, "sliding": Sliding}
