"""A process with several clients: each does what its seed says on one session at a time, and writes down what came of it.

Its standard input tells it how far it may go: `stop` ends the operations and keeps the sessions, `end` ends all.
The protocol is spoken without a client library: none of them tells apart what was refused and what nobody knows.
"""
import json
import pathlib
import random
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from conformance import zkwire as w  # noqa: E402

import history  # noqa: E402

ANSWER_SECONDS = 4.0
LOST = (w.Disconnected, OSError, EOFError, socket.timeout)
BAD_VERSION = -103
NEVER = 1_000_000  # a version that no znode here will have


def set_data(key, value, expected):
    return w.SET_DATA, w.Out().string(key).buffer(value.encode()).int(expected).bytes()


def create(path, value, flags=0):
    return w.CREATE, w.Out().string(path).buffer(value.encode()).acl(w.OPEN_ACL).int(flags).bytes()


def delete(key, expected):
    return w.DELETE, w.Out().string(key).int(expected).bytes()


def check(key, expected):
    return w.CHECK, w.Out().string(key).int(expected).bytes()


def multi(*requests):
    out = w.Out()
    for opcode, body in requests:
        out.int(opcode).bool(False).int(-1).raw(body)
    return w.MULTI, out.int(-1).bool(True).int(-1).bytes()


def results(body):
    """The error of each part of a multi, and the version where a set tells one."""
    answer, found = w.In(body), []
    while True:
        opcode, done, error = answer.int(), answer.bool(), answer.int()
        if done:
            return found
        version = None
        if opcode == w.CREATE:
            answer.string()
        elif opcode == w.SET_DATA:
            version = answer.stat().version
        elif opcode == -1:
            error = answer.int()
        found.append((error, version))


class Client(threading.Thread):
    def __init__(self, name, plan, file, lock):
        super().__init__(daemon=True)
        self.name_ = name
        self.plan, self.file, self.lock = plan, file, lock
        self.random = random.Random(f"{plan['seed']} {name}")
        self.servers = [tuple(each) for each in plan["servers"]]
        self.session = None
        self.identity = (0, b"\0" * 16)
        self.seen = 0
        self.count = 0
        self.versions = {}
        self.mine = 0
        self.stopping, self.ending = threading.Event(), threading.Event()
        self.failure = None

    # -- the history
    def record(self, kind, result, start, end=None, **more):
        entry = {"kind": kind, "result": result, "start": start, "end": end, "session": self.identity[0], "client": self.name_,
                 "server": self.at, **{key: value for key, value in more.items() if value is not None}}
        with self.lock:
            history.write(self.file, entry)

    def value(self):
        self.count += 1
        return f"{self.name_}.{self.count}"

    # -- sessions
    def connect(self):
        """A connection for the session, to any server; a new session where the old one is not known any more."""
        host, port = self.random.choice(self.servers)
        self.at = self.servers.index((host, port)) + 1
        start = time.monotonic_ns()
        session = w.Session(host, port, timeout_ms=self.plan["session"], session=self.identity, last_zxid=self.seen,
                            io_timeout=ANSWER_SECONDS)
        if session.id == 0:
            session.abandon()
            self.record("expired", "ok", start, time.monotonic_ns())
            self.identity, self.mine = (0, b"\0" * 16), 0
            return
        fresh = self.identity[0] == 0
        self.session, self.identity = session, (session.id, session.passwd)
        self.record("opened" if fresh else "moved", "ok", start, time.monotonic_ns())

    def drop(self):
        if self.session is not None:
            self.session.abandon()
        self.session = None

    def leave(self):
        """The session ends: by its client's word, or by its client's silence."""
        start = time.monotonic_ns()
        if self.random.random() < 0.6:
            try:
                self.session.call(w.CLOSE_SESSION)
                self.record("closed", "ok", start, time.monotonic_ns())
            except LOST:
                self.record("left", "ok", start, start)
        else:
            self.record("left", "ok", start, start)
        self.drop()
        self.identity, self.mine = (0, b"\0" * 16), 0

    # -- requests
    def ask(self, requests):
        """Sends all at once and waits for the answers one after the other: (start, end, reply) of each, reply None if it did not come."""
        sent, answers = [], []
        try:
            for opcode, body in requests:
                start = time.monotonic_ns()
                sent.append((start, self.session.send(opcode, body)))
            for start, xid in sent:
                reply = self.session.read_reply()
                if reply.xid != xid:
                    raise AssertionError(f"session {self.identity[0]:x}: answer {reply.xid} where {xid} was due")
                if reply.zxid > 0:
                    self.seen = max(self.seen, reply.zxid)
                answers.append((start, time.monotonic_ns(), reply))
        except LOST:
            self.drop()
        return answers + [(start, None, None) for start, _ in sent[len(answers):]]

    def keep(self, kind, answer, **more):
        """A record of an answer: `ok`, `fail` where the request was refused for good, else `unknown`."""
        start, end, reply = answer
        if reply is None:
            return self.record(kind, "unknown", start, **more)
        if reply.err == 0:
            return self.record(kind, "ok", start, end, zxid=reply.zxid, **more)
        result = "fail" if reply.err in (-101, BAD_VERSION, -110) else "unknown"
        self.record(kind, result, start, end if result == "fail" else None, zxid=reply.zxid, error=reply.err, **more)

    def register_request(self):
        """A kind of write on a register: (fields of the record, request)."""
        key = self.random.choice(self.plan["keys"])
        known = self.versions.get(key, 0)
        chance = self.random.random()
        if known is None and chance < 0.8 or chance < 0.05:
            value = self.value()
            return dict(kind="create", key=key, value=value), create(key, value)
        expected = known if known is not None else 0
        if chance < 0.12:
            expected = self.random.choice((-1, expected))
            return dict(kind="delete", key=key, expected=expected), delete(key, expected)
        if chance < 0.25:
            return dict(kind="check", key=key, expected=expected), multi(check(key, expected))
        value = self.value()
        expected = -1 if chance < 0.55 else expected
        return dict(kind="set", key=key, value=value, expected=expected), set_data(key, value, expected)

    def finish_register(self, entry, answer):
        start, end, reply = answer
        if reply is not None and reply.err == 0 and entry["kind"] == "set":
            entry["version"] = w.In(reply.body).stat().version
            self.versions[entry["key"]] = entry["version"]
        elif reply is not None and reply.err == 0 and entry["kind"] == "create":
            self.versions[entry["key"]] = 0
        elif reply is not None and (reply.err == -101 or reply.err == 0 and entry["kind"] == "delete"):
            self.versions[entry["key"]] = None
        elif reply is not None and reply.err == -110:
            self.versions[entry["key"]] = 0
        if entry["kind"] == "check" and reply is not None and reply.err == 0:
            # A multi that fails says so within.
            error = next((error for error, _ in results(reply.body) if error), 0)
            answer = (start, end, reply._replace(err=error))
        self.keep(answer=answer, **entry)

    # -- operations
    def one(self):
        entry, request = self.register_request()
        self.finish_register(entry, self.ask([request])[0])

    def burst(self):
        """Several at once: their answers come in their order."""
        asked = [self.register_request() for _ in range(self.random.randrange(2, 7))]
        for (entry, _), answer in zip(asked, self.ask([request for _, request in asked])):
            self.finish_register(entry, answer)

    def read(self):
        key = self.random.choice(self.plan["keys"])
        synced = self.random.random() < 0.3
        requests = [(w.SYNC, w.Out().string("/").bytes())] if synced else []
        answers = self.ask([*requests, (w.GET_DATA, w.Out().string(key).bool(False).bytes())])
        start, end, reply = answers[-1]
        if reply is None or synced and (answers[0][2] is None or answers[0][2].err):
            return
        if reply.err == -101:
            self.versions[key] = None
            self.record("read", "ok", start, end, key=key, zxid=reply.zxid, synced=synced)
        elif reply.err == 0:
            body = w.In(reply.body)
            value, stat = body.buffer(), body.stat()
            self.versions[key] = stat.version
            # Of a read with a sync before it the sync's beginning counts.
            self.record("read", "ok", answers[0][0], end, key=key, value=(value or b"").decode("latin-1"), version=stat.version,
                        zxid=reply.zxid, modified=stat.mzxid, synced=synced)
        elif reply.err not in (-4, -112, -118):
            self.record("read", "unknown", start, None, key=key, error=reply.err)

    def sequence(self):
        parent, value = self.random.choice(self.plan["parents"]), self.value()
        [answer] = self.ask([create(f"{parent}/n-", value, flags=2)])
        name = w.In(answer[2].body).string() if answer[2] is not None and answer[2].err == 0 else None
        self.keep("sequence", answer, parent=parent, value=value, name=name)

    def pair(self):
        value, fails = self.value(), self.random.random() < 0.3
        names = [f"/p/{value}-a", f"/p/{value}-b"]
        requests = [create(names[0], value), create(names[1], value)]
        if fails:
            requests.append(check("/p", NEVER))
        [answer] = self.ask([multi(*requests)])
        start, end, reply = answer
        if reply is not None and reply.err == 0:
            error = next((error for error, _ in results(reply.body) if error and error != -2), 0)
            answer = (start, end, reply._replace(err=error))
        self.keep("pair", answer, names=names, value=value, fails=fails or None)

    def many(self):
        """A multi on two registers."""
        asked = {}
        while len(asked) < 2:
            entry, request = self.register_request()
            if entry["kind"] != "check":
                asked[entry["key"]] = (entry, request)
        asked = list(asked.values())
        [answer] = self.ask([multi(*(request for _, request in asked))])
        start, end, reply = answer
        parts = [entry for entry, _ in asked]
        if reply is not None and reply.err == 0:
            found = results(reply.body)
            first = next((error for error, _ in found if error and error != -2), 0)
            for entry, (error, version) in zip(parts, found):
                if error and error != -2:
                    entry.update(error=error)
                if version is not None and not first:
                    entry.update(version=version)
            answer = (start, end, reply._replace(err=first))
        self.keep("many", answer, parts=parts)
        for entry in parts:
            self.versions.pop(entry["key"], None)

    def ephemeral(self):
        if self.mine >= 8:
            return self.read()
        self.mine += 1
        value = self.value()
        [answer] = self.ask([create(f"/e/{value}", value, flags=1)])
        self.keep("ephemeral", answer, name=f"/e/{value}")

    KINDS = ((one, 30), (read, 30), (burst, 8), (sequence, 8), (pair, 5), (many, 6), (ephemeral, 4), (drop, 2), (leave, 1))

    def run(self):
        try:
            self.work()
            self.stay()
        except BaseException as error:
            self.failure = f"{type(error).__name__}: {error}"
            raise

    def work(self):
        kinds, weights = zip(*self.KINDS)
        while not self.stopping.is_set():
            try:
                if self.session is None:
                    self.connect()
                    continue
            except LOST:
                self.drop()
                self.stopping.wait(self.random.uniform(0.01, 0.2))
                continue
            self.random.choices(kinds, weights)[0](self)
            self.stopping.wait(self.random.expovariate(1 / self.plan["pause"]))

    def stay(self):
        """No operation any more, but the session lives on as long as it can."""
        if self.identity[0] == 0:
            return
        while True:
            last = self.ending.wait(0.4)
            try:
                if self.session is None:
                    self.connect()
                if self.identity[0] == 0:
                    return
                start = time.monotonic_ns()
                self.session.call(w.PING, xid=w.XID_PING)
                if last:
                    self.record("living", "ok", start, time.monotonic_ns())
            except LOST:
                self.drop()
            if last:
                return


def main():
    plan = json.loads(sys.argv[1])
    with open(plan["file"], "w", buffering=1) as file:
        lock = threading.Lock()
        clients = [Client(f"{plan['name']}.{number}", plan, file, lock) for number in range(plan["clients"])]
        for each in clients:
            each.start()
        for line in sys.stdin:
            for each in clients:
                (each.stopping if line.strip() == "stop" else each.ending).set()
            if line.strip() == "end":
                break
        for each in clients:
            each.stopping.set()
            each.ending.set()
            each.join(30)
    failures = [each.failure for each in clients if each.failure] + [f"{each.name_} hangs" for each in clients if each.is_alive()]
    if failures:
        print("\n".join(failures))
        sys.exit(1)


if __name__ == "__main__":
    main()
