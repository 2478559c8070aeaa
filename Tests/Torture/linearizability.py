"""Is there one order of all operations on a register that explains every answer? No word of the server about order is used.

The register has a value and a version, or is absent, as a znode does. No answer to a write depends on the value, so the state
of the search is the version alone; what reads say of values comes in as what must follow what. The search is Lowe's variant of Wing and Gong's: events
are taken in the order of time, and a set of configurations is kept, each a state with the operations that have been given
their place before their answers came. At an answer every configuration must be able to place its operation.

These observations keep the set small, and none of them loses a solution:
- An operation that changes nothing and fits now is best placed now: whatever else is open can follow it as well.
- A value is written once. So whoever reads the value of an unanswered operation tells that it happened, and with which version.
- Of two ways to one point, the one that needs fewer unanswered operations can still use the others later.
- Unanswered operations that nobody has seen are all alike if they have one condition: the first of them stands for any.
"""
import collections
import time

ABSENT = -1
FOREVER = float("inf")
NO_NODE, BAD_VERSION, NODE_EXISTS = -101, -103, -110


class Undecided(Exception):
    """More configurations than can be searched. It is no verdict, and is never taken for a good one."""


def after(version, operation):
    """The version that the operation leads to, or None if its answer cannot be given at this one."""
    absent, fits = version < 0, operation.expected in (None, -1, version)
    if operation.result == "fail":
        possible = {NO_NODE: absent, NODE_EXISTS: not absent, BAD_VERSION: not absent and not fits}
        return version if possible[operation.error] else None
    if operation.kind == "create":
        return 0 if absent else None
    if absent or not fits:
        return None
    if operation.kind == "set":
        # Nobody knows the version of an unanswered one.
        return version + 1 if operation.version in (None, version + 1) else None
    return ABSENT if operation.kind == "delete" else version


def with_observed(operations, reads):
    """What reads tell of writes: who reads a value knows that it was written before the end of the read, and as which version.

    An unanswered write that somebody has seen is answered by that. `follows` names the writes that must come before
    it: those that a session has seen, or made, before it saw or made this one.
    """
    seen = {}
    for read in reads:
        if read.value is not None and (read.value not in seen or read.end < seen[read.value].end):
            seen[read.value] = read
    result = []
    for each in operations:
        each = type(each)(each, answered=each.end)
        result.append(each)
        if each.kind in ("create", "set") and each.value in seen and each.result != "fail":
            read = seen[each.value]
            each.update(observed=each.result == "unknown", result="ok", end=max(each.start, min(each.end or FOREVER, read.end)))
            if each.kind == "set" and each.version is None:
                each["version"] = read.version
    follow(result, reads)
    return result


def follow(operations, reads):
    writers = {each.value: each for each in operations if each.kind in ("create", "set") and each.result == "ok"}
    sessions = collections.defaultdict(list)
    for number, each in enumerate(operations):
        each["number"] = number
        if each.kind in ("create", "set", "delete") and each.result == "ok" and not each.observed:
            sessions[each.session].append((each.answered, each))
    for each in reads:
        if each.value in writers:
            sessions[each.session].append((each.end, writers[each.value]))
    for session in sessions.values():
        session.sort(key=lambda entry: entry[0])
        for (_, one), (_, other) in zip(session, session[1:]):
            if one is not other:
                other.setdefault("follows", set()).add(one.number)
    for each in reads:
        if each.last and each.value in writers:
            # What is there at the end came after all others.
            others = {other.number for other in operations if other.result == "ok" and other.kind in ("create", "set", "delete")}
            writers[each.value].setdefault("follows", set()).update(others - {writers[each.value].number})


class Search:
    """One register's operations: create, set, delete and check, unanswered ones included."""

    def __init__(self, operations, limit=300_000, seconds=120):
        # An unanswered check has changed nothing, whatever it found.
        operations = [each for each in operations if each.result != "unknown" or each.kind != "check"]
        self.operations = sorted(operations, key=lambda each: each.start)
        self.limit, self.seconds = limit, seconds
        self.events = []
        places = {each.number: place for place, each in enumerate(self.operations)}
        self.earlier = [[places[number] for number in each.follows or ()] for each in self.operations]
        self.steps = [self.step(each) for each in self.operations]
        # Of unanswered operations that are alike, one is enough.
        self.alike = [(each.kind, each.expected) if each.result == "unknown" else None for each in self.operations]
        self.unheard = frozenset(number for number, kind in enumerate(self.alike) if kind is not None)
        for number, each in enumerate(self.operations):
            self.events.append((each.start, 0, number))
            if each.result != "unknown":
                self.events.append((each.end, 1, number))
        self.events.sort()

    @staticmethod
    def step(operation):
        """`after`, as fast as it can be said; and whether the operation changes nothing."""
        kind, expected, result = operation.kind, operation.expected, operation.version
        if operation.result == "fail":
            return lambda version: after(version, operation), True
        if kind == "create":
            return lambda version: 0 if version < 0 else None, False
        anyhow = expected in (None, -1)
        if kind == "set":
            return lambda version: version + 1 if (
                version >= 0 and (anyhow or expected == version) and (result is None or result == version + 1)) else None, False
        still = kind == "check"
        return lambda version: (version if still else ABSENT) if version >= 0 and (anyhow or expected == version) else None, still

    def order(self):
        """The operations in an order that explains all answers, or None. `stuck` is then the one that had no place."""
        # Few of the operations that nobody has heard of or seen are ever needed to explain the rest: ways that take many
        # more of them than others do are looked at only when those lead nowhere. Only the last word, FOREVER, is a no.
        self.deadline = time.monotonic() + self.seconds
        for self.slack in (1, 2, 4, FOREVER):
            order = self.searched()
            if order is not None:
                return order
        return None

    def used(self, early):
        return len(early & self.unheard)

    def searched(self):
        self.stuck, self.open, self.answered = None, {}, set()
        # version and the open operations that have their place → the order so far, as a chain from its end
        configurations = {(ABSENT, frozenset()): None}
        for _, is_answer, number in self.events:
            if not is_answer:
                self.open[number] = True
                continue
            placed = {}
            if time.monotonic() > self.deadline:
                raise Undecided(f"no order was found in {self.seconds} s; {self.operations[number]} has no place in the simple ones")
            self.most = self.slack + min(self.used(early) for _, early in configurations)
            for (state, early), chain in configurations.items():
                self.place(number, state, early, chain, placed)
            del self.open[number]
            self.answered.add(number)
            configurations = self.frugal(placed) if len(placed) > 1 else placed
            if not configurations:
                self.stuck = self.operations[number]
                return None
            if len(configurations) > self.limit:
                raise Undecided(f"{len(configurations)} configurations at {self.operations[number]}")
        chain, order = next(iter(configurations.values())), []
        while chain:
            chain, number = chain
            order.append(self.operations[number])
        return order[::-1]

    def place(self, wanted, state, early, chain, placed):
        """All ways to give `wanted` its place, with other open operations before it where that is needed."""
        waiting, seen = [self.settled(state, early, chain)], set()
        while waiting:
            state, early, chain = waiting.pop()
            if wanted in early:
                placed.setdefault((state, early - {wanted}), chain)
                continue
            for number in self.candidates(early):
                follows = self.steps[number][0](state)
                if follows is None or not self.may_follow(number, early):
                    continue
                if number == wanted:
                    placed.setdefault((follows, early), (chain, number))
                    continue
                key = (follows, early | {number})
                if key not in seen and self.used(key[1]) <= self.most:
                    seen.add(key)
                    waiting.append(self.settled(*key, (chain, number)))
                    if len(seen) > self.limit:
                        raise Undecided(f"more than {self.limit} ways to place {self.operations[wanted]}")

    def frugal(self, configurations):
        """Without those that have used up more unanswered operations than another one needed to come to the same point."""
        groups = collections.defaultdict(list)
        for version, early in configurations:
            used = early & self.unheard
            groups[version, early - used].append(used)
        kept = {}
        for (version, answered), all_used in groups.items():
            all_used.sort(key=len)
            least = []
            for used in all_used:
                if not any(each <= used for each in least):
                    least.append(used)
                    kept[version, answered | used] = configurations[version, answered | used]
        return kept

    def settled(self, state, early, chain):
        """With all the open operations placed that fit and change nothing."""
        more = []
        for number in self.open:
            step, still = self.steps[number]
            if still and number not in early and step(state) is not None and self.may_follow(number, early):
                more.append(number)
                chain = (chain, number)
        return state, early.union(more) if more else early, chain

    def may_follow(self, number, early):
        """All that must come before it has its place."""
        return all(each in self.answered or each in early for each in self.earlier[number])

    def candidates(self, early):
        """The open operations that change something and have no place yet; of those that are alike, one."""
        alike = set()
        for number in self.open:
            if number in early or self.steps[number][1]:
                continue
            kind = self.alike[number]
            if kind is not None:
                if kind in alike:
                    continue
                alike.add(kind)
            yield number
