"""The judge on trial: histories that are good must pass, and each that is bad in one way must not."""
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Torture"))

import checker  # noqa: E402
import linearizability as lin  # noqa: E402
from history import Record  # noqa: E402

KEY = "/r/0"
pytestmark = pytest.mark.ours
STAT = {"version": 0, "czxid": 1, "ephemeralOwner": 0}


def op(kind, start, end, result="ok", session=1, **more):
    return Record(kind=kind, start=start, end=None if result == "unknown" else end, result=result, session=session,
                  **{"key": KEY, **more} if kind in (*checker.REGISTER, "read") else more)


def create(start, end, value="a", **more):
    return op("create", start, end, value=value, **more)


def put(start, end, value, version=None, expected=-1, **more):
    return op("set", start, end, value=value, version=version, expected=expected, **more)


def read(start, end, value, version=None, **more):
    return op("read", start, end, value=value, version=version, **more)


def delete(start, end, expected=-1, **more):
    return op("delete", start, end, expected=expected, **more)


def tree(value=None, version=0, **more):
    nodes = {KEY: (value, dict(STAT, version=version))} if value else {}
    nodes.update(more)
    return nodes


def judged(*records, trees=None, ended=1000, living=()):
    return checker.check(checker.History(records, trees if trees is not None else {1: {}}, ended, living))


GOOD = {
    "one after the other": ([create(1, 2), put(3, 4, "b", 1), read(5, 6, "b", 1)], tree("b", 1)),
    "a read of what goes on": ([create(1, 2), put(3, 9, "b", 1), read(4, 5, "b", 1, session=2), read(6, 7, "a", 0, session=3)],
                               tree("b", 1)),
    "a stale read in another session": ([create(1, 2), put(3, 4, "b", 1), read(5, 6, "a", 0, session=2)], tree("b", 1)),
    "unknown, and it happened": ([create(1, 2), put(3, None, "b", result="unknown"), put(8, 9, "c", 2)], tree("c", 2)),
    "unknown, and it did not": ([create(1, 2), put(3, None, "b", result="unknown"), put(8, 9, "c", 1)], tree("c", 1)),
    "unknown, and it happened much later": ([create(1, 2), put(3, None, "b", result="unknown"), put(8, 9, "c", 1)], tree("b", 2)),
    "both of two cas at once cannot": ([create(1, 2), put(3, 9, "b", 1, 0), put(3, 9, "c", None, 0, result="fail", error=-103)],
                                       tree("b", 1)),
    "deleted and made again": ([create(1, 2), delete(3, 4), create(5, 6, "b"), put(7, 8, "c", 1), read(9, 10, "c", 1)], tree("c", 1)),
    "a delete that nobody heard of": ([create(1, 2), delete(3, None, result="unknown"), create(5, 6, "b")], tree("b")),
    "absent before it was made": ([create(1, 2), read(3, 4, None, session=2)], tree("a")),
    "a check that failed": ([create(1, 2), op("check", 3, 4, "fail", expected=4, error=-103)], tree("a")),
    "seen by another one before the answers of a burst": (
        [create(1, 2), put(3, 10, "b", 1), put(3, 11, "c", 2), read(4, 5, "c", 2, session=2)], tree("c", 2)),
    "at once, in the order that versions tell": ([create(1, 2), put(3, 9, "b", 2), put(3, 9, "c", 1, session=2)], tree("b", 2)),
}


@pytest.mark.parametrize("records, last", GOOD.values(), ids=GOOD)
def test_good_registers(records, last):
    assert judged(*records, trees={1: last, 2: dict(last)}) == []


BAD = {
    "lost": ([create(1, 2), put(3, 4, "b", 1)], tree("a")),
    "lost, and nothing is there": ([create(1, 2)], tree()),
    "lost, and another one came": ([create(1, 2), put(3, 4, "b", 1), put(5, 6, "c", 1)], tree("c", 1)),
    "one version twice": ([create(1, 2), put(3, 9, "b", 1, 0), put(3, 9, "c", 1, 0)], tree("c", 1)),
    "a version is left out": ([create(1, 2), put(3, 4, "b", 2)], tree("b", 2)),
    "what was never written": ([create(1, 2), read(3, 4, "x", 0)], tree("a")),
    "read before it was written": ([create(1, 2), read(3, 4, "b", 1), put(5, 6, "b", 1)], tree("b", 1)),
    "a session goes back": ([create(1, 2), put(3, 4, "b", 1, session=2), read(5, 6, "b", 1), read(7, 8, "a", 0)], tree("b", 1)),
    "a session does not see its own write": ([create(1, 2), put(3, 4, "b", 1), read(5, 6, "a", 0)], tree("b", 1)),
    "a session goes back to before the create": ([create(1, 2), read(5, 6, "a", 0), read(7, 8, None)], tree("a")),
    "an unknown one happened twice": ([create(1, 2), put(3, None, "b", result="unknown"), put(8, 9, "c", 3)], tree("c", 3)),
    "a failed one happened": ([create(1, 2), put(3, 4, "b", None, 7, result="fail", error=-103), read(5, 6, "b", 1)], tree("b", 1)),
    "a cas failed though it fits": ([create(1, 2), put(3, 4, "b", None, 0, result="fail", error=-103)], tree("a")),
    "a cas fits though it should fail": ([create(1, 2), put(3, 4, "b", 1), put(5, 6, "c", 2, 0)], tree("c", 2)),
    "created twice": ([create(1, 2), create(3, 4, "b")], tree("b")),
    "a check of an old version": ([create(1, 2), put(3, 4, "b", 1), op("check", 5, 6, expected=0)], tree("b", 1)),
    "against the order of time": ([create(1, 2), put(3, 4, "b", 2), put(5, 6, "c", 1)], tree("b", 2)),
    "the wrong version beside the value": ([create(1, 2), put(3, 4, "b", 1), read(5, 6, "b", 7)], tree("b", 1)),
    "a deleted one of the same version is back": ([create(1, 2), delete(3, 4), create(5, 6, "b")], tree("a")),
    "a deleted one is back": ([create(1, 2), delete(3, 4)], tree("a")),
    "an answer that makes no sense": ([create(1, 2), put(3, 4, "b", None, result="unknown", error=-8)], tree("a")),
}


@pytest.mark.parametrize("records, last", BAD.values(), ids=BAD)
def test_bad_registers(records, last):
    assert judged(*records, trees={1: last})


def test_servers_that_differ():
    assert judged(create(1, 2), put(3, 9, "b", result="unknown"), trees={1: tree("a"), 2: tree("b", 1)})


def sequence(start, end, name, value, **more):
    return op("sequence", start, end, parent="/s", name=f"/s/n-{name:010}", value=value, **more)


def leaves(**nodes):
    return {1: {path.replace("_", "/"): (value, STAT) for path, value in nodes.items()}}


def test_sequences():
    one, two = sequence(1, 2, 0, "x"), sequence(3, 4, 1, "y")
    there = {1: {one.name: ("x", STAT), two.name: ("y", STAT)}}
    assert judged(one, two, trees=there) == []
    assert judged(one, sequence(3, None, 0, "y", result="unknown"), trees=there) == []
    assert judged(one, sequence(3, 4, 0, "y"), trees=there), "given twice"
    assert judged(sequence(5, 6, 0, "x"), two, trees=there), "not in order"
    assert judged(one, two, trees={1: {one.name: ("x", STAT)}}), "lost"
    assert judged(one, trees=there), "nobody asked for it"
    assert judged(one, trees={1: {one.name: ("x", STAT), two.name: ("x", STAT)}}), "done twice"


def test_pairs():
    def pair(result="ok", **more):
        return op("pair", 1, 2, result, names=["/p/a", "/p/b"], value="x", **more)
    both = {1: {"/p/a": ("x", STAT), "/p/b": ("x", STAT)}}
    half = {1: {"/p/a": ("x", STAT)}}
    apart = {1: {"/p/a": ("x", STAT), "/p/b": ("x", dict(STAT, czxid=2))}}
    assert judged(pair(), trees=both) == judged(pair("unknown"), trees=both) == judged(pair("unknown")) == []
    assert judged(pair("fail", fails=True, error=-103)) == []
    assert judged(pair()), "lost"
    assert judged(pair("unknown"), trees=half) and judged(pair(), trees=half), "half"
    assert judged(pair(), trees=apart), "two transactions"
    assert judged(pair("fail", fails=True, error=-103), trees=both) and judged(pair("unknown", fails=True), trees=both), "done all the same"
    assert judged(pair(fails=True), trees=both), "did not fail"


def test_parts_of_a_multi_are_operations_of_their_registers():
    parts = [{"kind": "set", "key": KEY, "value": "b", "expected": -1, "version": 1},
             {"kind": "create", "key": "/r/1", "value": "c"}]
    many = op("many", 3, 4, parts=parts)
    assert judged(create(1, 2), many, trees={1: {**tree("b", 1), "/r/1": ("c", STAT)}}) == []
    assert judged(create(1, 2), many, trees={1: tree("b", 1)})
    assert judged(create(1, 2), many, trees={1: {**tree("a"), "/r/1": ("c", STAT)}})


def test_ephemerals():
    made = op("ephemeral", 1, 2, session=7, name="/e/1")
    there = {1: {"/e/1": ("", dict(STAT, ephemeralOwner=7))}}
    assert judged(made, trees=there, living=[7]) == []
    assert judged(made, op("closed", 3, 4, session=7)) == judged(made, op("expired", 3, 4, session=7)) == judged(made) == []
    assert judged(made, living=[7]), "gone"
    for kind in ("closed", "expired", "left"):
        assert judged(made, op(kind, 3, 4, session=7), trees=there), "outlives"
    assert judged(trees=there), "nobody's"
    assert judged(op("ephemeral", 1, 2, session=8, name="/e/1"), trees=there), "another one's"


def test_zxids():
    def write(start, end, zxid, version, session=1):
        return put(start, end, f"v{version}", version, session=session, zxid=zxid)
    first = create(1, 2, zxid=1)
    good = [first, write(3, 4, 2, 1), read(5, 6, "v1", 1, zxid=2, modified=2), write(7, 8, 3, 2, session=2)]
    assert judged(*good, trees={1: tree("v2", 2)}) == []
    assert judged(first, write(3, 4, 1, 1), trees={1: tree("v1", 1)}), "one for two"
    assert judged(first, write(3, 4, 5, 1, 2), write(5, 6, 4, 2, 3), trees={1: tree("v2", 2)}), "lower later"
    assert judged(*good, read(9, 10, "v1", 1, zxid=1, modified=1), trees={1: tree("v2", 2)}), "a session's zxid falls"
    assert judged(*good, read(9, 10, "v1", 1, zxid=3, modified=2, session=4), trees={1: tree("v2", 2)}), "a view with a hole"


def test_random_histories_of_a_register_that_works():
    """Operations take effect at a point between call and answer; some are never answered. None may be called wrong."""
    for seed in range(400):
        records, last = worked(random.Random(seed))
        assert judged(*records, trees={1: last}, ended=10**6) == [], f"seed {seed}"


def test_random_histories_with_one_lie():
    """The same with one answer changed: a search that lets all through would be noticed."""
    caught = 0
    for seed in range(400):
        source = random.Random(seed)
        records, last = worked(source)
        answered = [each for each in records if each.result == "ok" and each.kind == "set"]
        if not answered:
            continue
        source.choice(answered)["version"] += 1000
        assert judged(*records, trees={1: last}, ended=10**6), f"seed {seed}"
        caught += 1
    assert caught > 100


def worked(source, clients=6, count=60):
    """A history as a working register makes it, and the tree at its end."""
    events, state, held = [], lin.ABSENT, None
    for client in range(clients):
        now = source.randrange(20)
        for number in range(count // clients):
            start = now + source.randrange(1, 10)
            point = start + source.randrange(1, 30)
            now = point + source.randrange(1, 30)
            events.append((point, client, number, start, now))
    records = []
    session = list(range(clients))
    for point, client, number, start, end in sorted(events):
        kind = source.choice(["create", "set", "set", "set", "delete", "check", "read", "read"])
        each = Record(kind=kind, key=KEY, start=start, end=end, session=session[client])
        if kind == "read":
            records.append(Record(each, value=held, version=None if held is None else state, result="ok"))
            continue
        each.update(expected=source.choice([-1, max(state, 0), 1]), value=f"{client}.{number}", result="ok")
        follows = lin.after(state, each)
        if follows is None:
            error = lin.NODE_EXISTS if kind == "create" else lin.NO_NODE if state == lin.ABSENT else lin.BAD_VERSION
            each.update(result="fail", error=error)
        else:
            happens = True
            if source.random() < 0.15 and kind != "check":
                each.update(result="unknown", end=None)
                session[client] += clients  # whoever is not answered begins anew
                happens = source.random() < 0.5
            if happens:
                state, held = follows, {"create": each.value, "set": each.value, "delete": None, "check": held}[kind]
            if kind == "set" and each.result == "ok":
                each.update(version=state)
        records.append(each)
    return records, tree(held, state) if held else {}


def test_what_is_counted_only():
    records = [create(1, 2, zxid=5), read(3, 4, None, session=2, zxid=4, synced=True), put(40, 50, "b", 1, zxid=6)]
    history = checker.History(records, {1: {}}, 100)
    assert checker.stale_after_sync(history) == 1 and checker.longest_gap(history) == 48
