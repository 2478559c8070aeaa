"""kill -9 of the leader, twenty times in a row, under write load: what was acknowledged is there afterwards, everywhere."""
import os
import statistics
import threading
import time

import pytest

from conformance import zkwire as w
from harness import trees
from harness.waiting import eventually

KILLS = int(os.environ.get("KILLS", "20"))
WRITERS = 4


class Writer(threading.Thread):
    """Creates znodes one after the other on whatever server answers, and remembers which were acknowledged, and when."""

    def __init__(self, number, servers):
        super().__init__(daemon=True)
        self.number, self.servers = number, servers
        self.ending = threading.Event()
        self.acknowledged = []
        self.times = []
        self.refused = []

    def run(self):
        turn, count, session = self.number, 0, None
        while not self.ending.is_set():
            try:
                if session is None:
                    turn += 1
                    session = self.servers[turn % len(self.servers)].session(timeout_ms=10000, io_timeout=3)
                    if session.id == 0:
                        raise OSError("no session")
                count += 1
                path = f"/load/{self.number}-{count // 2000}"
                if count % 2000 == 1:
                    trees.create(session, path)
                answer = trees.create(session, f"{path}/{count}", b"%d %d" % (self.number, count))
                if answer == -101:  # The parent's acknowledgement was lost with its server.
                    trees.create(session, path)
                elif isinstance(answer, str):
                    self.acknowledged.append(answer)
                    self.times.append(time.monotonic())
                else:
                    self.refused.append(answer)
            except (w.Disconnected, OSError, EOFError):
                if session is not None:
                    session.abandon()
                session = None
                self.ending.wait(0.01)


@pytest.mark.budget(600)
def test_no_acknowledged_write_is_lost_when_leaders_die(ensemble, capsys):
    session = ensemble[1].session()
    trees.create(session, "/load")
    session.close()
    writers = [Writer(number, list(ensemble)) for number in range(WRITERS)]
    for each in writers:
        each.start()
    kills = []
    try:
        for number in range(KILLS):
            marks = [len(each.acknowledged) for each in writers]
            eventually(lambda: all(len(e.acknowledged) >= m + 20 for e, m in zip(writers, marks)), 60, "every writer writing")
            leader = ensemble.leader() or eventually(ensemble.leader, 30, "a leader")
            kills.append(time.monotonic())
            leader.kill()
            eventually(lambda: any(e.times and e.times[-1] > kills[-1] + 0.005 for e in writers), 60, "a write after the kill")
            leader.start()
            eventually(ensemble.ready, 60, f"all serving after kill {number + 1}")
    finally:
        for each in writers:
            each.ending.set()
        for each in writers:
            each.join(20)
    ensemble.wait_ready()
    acknowledged = {path for each in writers for path in each.acknowledged}
    times = sorted(t for each in writers for t in each.times)
    gaps = [next((t for t in times if t > kill + 0.005), kill + 60) - kill for kill in kills]
    with capsys.disabled():
        print(f"\n{len(acknowledged)} writes acknowledged over {KILLS} kills of the leader; from kill to the next one, ms: "
              f"median {statistics.median(gaps) * 1000:.0f}, all {[round(g * 1000) for g in gaps]}")
    want = None
    for server in ensemble:
        tree = trees.dump(server, "/load")
        assert not acknowledged - tree.keys(), f"{server} has lost {sorted(acknowledged - tree.keys())[:10]}"
        assert want is None or trees.difference(want, tree) == {}
        want = tree
    assert not [code for each in writers for code in each.refused if code not in (-4, -112, -118)]
