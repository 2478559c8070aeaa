"""The judge: it sees the history and what every server showed at the end, and nothing else of the servers.

Every check answers with complaints, each a sentence; no complaint at all is the good verdict. What is held against the
servers is ZooKeeper's promise: writes are linearizable; a session's reads follow one another and its own writes; a multi
is one; names of a sequence are given once; ephemerals live as long as their session. The zxids that servers tell are
checked as a claim of their own (`check_zxids`): the other checks must hold without them.
"""
import bisect
import collections

import linearizability
from history import Record

REGISTER = ("create", "set", "delete", "check")
FOREVER = float("inf")


class History:
    """All records in the order of time, and the trees at the end: {server: {path: (data, stat)}}, data as text."""

    def __init__(self, records, trees, ended, living=()):
        self.records = sorted(records, key=lambda each: each.start)
        self.trees = trees
        self.ended = ended
        self.living = set(living)

    def of(self, *kinds):
        return [each for each in self.records if each.kind in kinds]

    def registers(self):
        """{key: its operations}, the parts of multis among them."""
        found = collections.defaultdict(list)
        for each in self.records:
            if each.kind in REGISTER:
                found[each.key].append(each)
            elif each.kind == "many":
                for part in each.parts:
                    # Of a multi that failed only the part that is at fault says something.
                    if each.result != "fail" or part.get("error"):
                        found[part["key"]].append(Record(part, start=each.start, end=each.end, result=each.result,
                                                         session=each.session, zxid=each.zxid))
        return found


def check(history):
    """All complaints."""
    complaints = []
    for each in (check_answers, check_trees, check_registers, check_sequences, check_pairs, check_ephemerals, check_zxids):
        complaints += each(history)
    return complaints


# Answers one by one

POSSIBLE = {"create": {-110}, "set": {-101, -103}, "delete": {-101, -103}, "check": {-101, -103}, "read": {-101}, "many": {-101, -103, -110},
            "pair": {-103, -101}, "sequence": set(), "ephemeral": set()}
# Said of the connection or the session, whatever the request.
ALWAYS_POSSIBLE = {-4, -112, -118}


def check_answers(history):
    """No answer is one that the request cannot have."""
    return [f"an answer that makes no sense: {told(each)}" for each in history.records
            if each.error and each.kind in POSSIBLE and each.error not in POSSIBLE[each.kind] | ALWAYS_POSSIBLE]


# What servers show


def check_trees(history):
    """All servers show the same."""
    complaints, (first, *others) = [], sorted(history.trees)
    for other in others:
        one, two = history.trees[first], history.trees[other]
        for path in sorted(one.keys() | two.keys()):
            if one.get(path) != two.get(path):
                complaints.append(f"servers {first} and {other} differ at {path}: {one.get(path)} and {two.get(path)}")
    return complaints


def final_reads(history, key):
    for server, tree in history.trees.items():
        data, stat = tree.get(key, (None, None))
        yield Record(kind="read", key=key, value=data, version=stat and stat["version"], start=history.ended, end=history.ended + 1,
                     session=f"the end at server {server}", last=True)


# Registers


def check_registers(history):
    """Writes are linearizable, reads are of what was written and follow each other."""
    complaints, registers, all_reads = [], history.registers(), history.of("read")
    for key in sorted(registers):
        reads = [each for each in all_reads if each.key == key and each.result == "ok"]
        reads += final_reads(history, key)
        operations = linearizability.with_observed(registers[key], reads)
        search = linearizability.Search([*operations, *last_words(reads)])
        try:
            order = search.order()
        except linearizability.Undecided as error:
            complaints.append(f"{key}: undecided: {error}")
            continue
        if order is None:
            complaints.append(f"{key}: not linearizable: no place for {told(search.stuck)}")
        else:
            complaints += check_reads(key, order, reads, operations)
    return complaints


def last_words(reads):
    """What is there at the end, as operations that must have their place after all others."""
    for each in reads:
        if each.last and each.value is None:
            yield Record(each, kind="delete", expected=-1, result="fail", error=linearizability.NO_NODE)
        elif each.last:
            yield Record(each, kind="check", expected=each.version, result="ok")


def check_reads(key, order, reads, operations):
    """`order` says which state followed which; each session must have walked that way forward only."""
    complaints = []
    writes = [each for each in order if each.kind in ("create", "set", "delete") and each.result != "fail"]
    at = {each.value: place for place, each in enumerate(writes, 1) if each.kind != "delete"}
    versions, version = {}, -1
    for each in writes:
        version = {"create": 0, "set": version + 1, "delete": -1}[each.kind]
        if each.kind != "delete":
            versions[each.value] = version
    # Places at which there is nothing: before the first write, and after each delete.
    absences = [0] + [place for place, each in enumerate(writes, 1) if each.kind == "delete"]
    sessions = collections.defaultdict(list)
    for place, each in enumerate(writes, 1):
        if each.result == "ok" and not each.observed:
            sessions[each.session].append((each.end, place, each))
    for each in reads:
        sessions[each.session].append((each.end, None, each))
    unheard = [each for each in operations if each.kind == "delete" and each.result == "unknown"]
    for session in sorted(sessions, key=str):
        reached = 0
        for _, own, each in sorted(sessions[session], key=lambda entry: entry[0]):
            if own:
                reached = max(reached, own)
                continue
            if each.value is None:
                later = bisect.bisect_left(absences, reached)
                place = absences[later] if later < len(absences) else None
            else:
                place = at.get(each.value)
                if place is None:
                    complaints.append(f"{key}: nobody had written what was read: {told(each)}")
                    continue
                if versions[each.value] != each.version:
                    complaints.append(f"{key}: not version {versions[each.value]}: {told(each)}")
            if each.value is None and any(other.start < each.end for other in unheard):
                # It may be any of those that it saw the work of; that would be another order.
                continue
            if place is None or place < reached:
                complaints.append(f"{key}: session {name(session)} went back: {told(each)} after {told(writes[reached - 1])}")
                continue
            reached = place
            if reached and writes[reached - 1].start > each.end:
                complaints.append(f"{key}: read before it was written: {told(each)}")
    return complaints


# Sequences, multis, ephemerals


def check_sequences(history):
    """No name twice, later ones higher, acknowledged ones there, and none that nobody asked for."""
    complaints = []
    asked = {each.value: each for each in history.of("sequence")}
    by_parent, names = collections.defaultdict(list), {}
    for each in asked.values():
        if each.result != "ok":
            continue
        if each.name in names:
            complaints.append(f"{each.name} was given twice: {told(each)}, {told(names[each.name])}")
        names[each.name] = each
        by_parent[each.parent].append(each)
        for server, tree in history.trees.items():
            if tree.get(each.name, (None,))[0] != each.value:
                complaints.append(f"lost at server {server}: {told(each)}; there is {tree.get(each.name)}")
    for parent, given in by_parent.items():
        # Whoever began after another one had ended has the higher number.
        ended = sorted(given, key=lambda each: each.end)
        highest, place = None, 0
        for each in sorted(given, key=lambda each: each.start):
            while place < len(ended) and ended[place].end < each.start:
                if highest is None or number(ended[place]) > number(highest):
                    highest = ended[place]
                place += 1
            if highest is not None and number(each) < number(highest):
                complaints.append(f"{told(each)} began after {told(highest)} had ended")
    parents = {each.parent for each in asked.values()}
    for server, tree in history.trees.items():
        holders = collections.defaultdict(list)
        for path, (data, _) in tree.items():
            if path.rpartition("/")[0] in parents:
                holders[data].append(path)
        for data, paths in holders.items():
            if data not in asked:
                complaints.append(f"nobody created {paths} at server {server}")
            elif len(paths) > 1:
                complaints.append(f"created twice at server {server}: {paths} by {told(asked[data])}")
    return complaints


def number(record):
    return int(record.name[-10:])


def check_pairs(history):
    """Both or neither, with one zxid; both where that was acknowledged, neither where it failed."""
    complaints = []
    for each in history.of("pair"):
        for server, tree in history.trees.items():
            there = [tree[path] for path in each.names if path in tree]
            if len(there) not in (0, len(each.names)):
                complaints.append(f"half of a multi at server {server}: {told(each)}")
            elif there and len({stat["czxid"] for _, stat in there}) > 1:
                complaints.append(f"one multi, several zxids at server {server}: {told(each)}")
            elif there and (each.fails or each.result == "fail"):
                complaints.append(f"a multi that failed is there at server {server}: {told(each)}")
            elif not there and each.result == "ok":
                complaints.append(f"lost at server {server}: {told(each)}")
        if each.fails and each.result == "ok":
            complaints.append(f"a multi that must fail did not: {told(each)}")
    return complaints


def check_ephemerals(history):
    """There while the session lives, gone with it."""
    complaints = []
    made = {each.name: each for each in history.of("ephemeral")}
    dead = {each.session for each in history.of("closed", "expired", "left") if each.result == "ok"}
    for server, tree in history.trees.items():
        for path, (_, stat) in sorted(tree.items()):
            owner = stat["ephemeralOwner"]
            if owner == 0:
                continue
            if path not in made or made[path].session != owner:
                complaints.append(f"{path} at server {server} belongs to {name(owner)}, which did not create it")
            elif owner in dead:
                complaints.append(f"{path} at server {server} outlives its session {name(owner)}")
        for path, each in sorted(made.items()):
            if each.result == "ok" and each.session in history.living and path not in tree:
                complaints.append(f"{path} is gone at server {server}, though its session {name(each.session)} lives")
    return complaints


# What servers claim


def check_zxids(history):
    """Zxids are a linearization of all writes, each is given once, and a session's never fall."""
    complaints = []
    writes = [each for each in history.records if each.result == "ok" and each.zxid
              and each.kind in ("create", "set", "delete", "sequence", "pair", "many", "ephemeral")]
    given = {}
    for each in writes:
        if each.zxid in given:
            complaints.append(f"one zxid, two writes: {told(each)}, {told(given[each.zxid])}")
        given[each.zxid] = each
    ended, highest, place = sorted(writes, key=lambda each: each.end), None, 0
    for each in sorted(writes, key=lambda each: each.start):
        while place < len(ended) and ended[place].end < each.start:
            if highest is None or ended[place].zxid > highest.zxid:
                highest = ended[place]
            place += 1
        if highest is not None and each.zxid < highest.zxid:
            complaints.append(f"a later write has a lower zxid: {told(each)} after {told(highest)}")
    seen = {}
    for each in sorted((each for each in history.records if each.zxid and each.end), key=lambda each: (each.end, each.zxid)):
        if each.zxid < seen.get(each.session, each).zxid:
            complaints.append(f"session {name(each.session)} went back: {told(each)} after {told(seen[each.session])}")
        seen[each.session] = each
    return complaints + check_views(history, writes)


def check_views(history, writes):
    """A read at a zxid shows every acknowledged write up to it: no key is older than another one in the same session."""
    complaints, changes = [], collections.defaultdict(list)
    for each in writes:
        for part in (each.parts if each.kind == "many" else [each]):
            if part.get("kind") in ("create", "set", "delete"):
                changes[part["key"]].append(each.zxid)
    for zxids in changes.values():
        zxids.sort()
    for each in history.of("read"):
        if each.result != "ok" or not each.zxid or each.modified is None:
            continue
        zxids = changes[each.key]
        place = bisect.bisect_right(zxids, each.modified)
        if place < len(zxids) and zxids[place] <= each.zxid:
            complaints.append(f"{told(each)} lacks the write {zxids[place]:x}")
        if each.modified > each.zxid:
            complaints.append(f"{told(each)} is from the future")
    return complaints


# What is no fault


def stale_after_sync(history):
    """How many reads right after a `sync` lacked a write that was acknowledged before it.

    Apache ZooKeeper's sync is answered by whoever believes to lead, without asking a majority, and ours is the same. So a
    leader that has not noticed its partition yet makes these; they are counted and shown.
    """
    count, changes = 0, collections.defaultdict(list)
    for each in history.records:
        if each.result == "ok" and each.zxid and each.kind in ("create", "set", "delete"):
            changes[each.key].append((each.end, each.zxid))
    for key, found in changes.items():
        found.sort()
        highest = 0
        for place, (end, zxid) in enumerate(found):
            highest = max(highest, zxid)
            found[place] = (end, highest)
    for each in history.of("read"):
        if each.synced and each.result == "ok" and each.zxid:
            place = bisect.bisect_left(changes[each.key], (each.start, 0))
            if place and changes[each.key][place - 1][1] > each.zxid:
                count += 1
    return count


def longest_gap(history):
    """The longest time in nanoseconds without an acknowledged write, from the first to the last one."""
    ends = sorted(each.end for each in history.records if each.result == "ok" and each.kind in (
        "create", "set", "delete", "sequence", "pair", "many", "ephemeral"))
    return max((later - earlier for earlier, later in zip(ends, ends[1:])), default=0)


def name(session):
    return f"0x{session:x}" if isinstance(session, int) else session


def told(record):
    """A record for a reader."""
    times = f"{record.start}–{record.end}"
    more = " ".join(f"{key}={name(value) if key == 'session' else value}" for key, value in record.items()
                    if key not in ("kind", "result", "start", "end") and value is not None)
    return f"[{record.kind} {record.result} {more} {times}]"
