"""When which back end was disturbed, and so which failures are justified."""
import time

GRACE = 1.0  # seconds after a revival in which connections of before may still be found broken


class Timeline:
    def __init__(self):
        self.spans = {}  # member -> [[begin, end or None]]
        self.kinds = {}

    def begin(self, member, kind):
        self.spans.setdefault(member, []).append([time.monotonic(), None])
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def end(self, member):
        self.spans[member][-1][1] = time.monotonic()

    def disturbed(self, member, begin, end):
        return any(since <= end and (until is None or until + GRACE >= begin) for since, until in self.spans.get(member, ()))

    def any_disturbed(self, members, begin, end):
        return any(self.disturbed(member, begin, end) for member in members)

    def all_disturbed(self, members, begin, end):
        return all(self.disturbed(member, begin, end) for member in members)
