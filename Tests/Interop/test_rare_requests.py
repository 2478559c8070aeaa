"""Requests beyond those of every day, over real sockets: surveys, lasting watches."""
from conformance import zkwire as w
from harness import trees


def test_surveys_of_a_tree_and_of_a_session(server):
    session = server.session()
    for path, flags in (("/a", 0), ("/a/b", 0), ("/a/b/c", 1), ("/e", 1)):
        assert trees.create(session, path, flags=flags) == path

    def ask(opcode, text):
        reply = session.call(opcode, w.Out().string(text).bytes())
        return w.In(reply.body) if reply.err == 0 else reply.err
    assert ask(w.GET_ALL_CHILDREN_NUMBER, "/a").int() == 2
    assert ask(w.GET_ALL_CHILDREN_NUMBER, "/none") == -101
    assert sorted(ask(w.GET_EPHEMERALS, "/").strings()) == ["/a/b/c", "/e"]
    assert ask(w.GET_EPHEMERALS, "/a").strings() == ["/a/b/c"]
    session.call(w.AUTH, w.Out().int(0).string("digest").buffer(b"bob:secret").bytes(), w.XID_AUTH)
    reply = w.In(session.call(w.WHO_AM_I, b"").body)
    assert sorted((reply.string(), reply.string()) for _ in range(reply.int())) == [("digest", "bob"), ("ip", "127.0.0.1")]


def test_lasting_watches_survive_a_change_of_servers(ensemble):
    servers = list(ensemble)
    writer, watcher = servers[0].session(), servers[1].session()
    assert trees.create(writer, "/a") == "/a"
    for path, mode in (("/a", 0), ("/", 1)):
        assert watcher.call(w.ADD_WATCH, w.Out().string(path).int(mode).bytes()).err == 0
    watcher.abandon()
    moved = servers[2].session(session=(watcher.id, watcher.passwd))
    lists = w.Out().long(1 << 40).strings([]).strings([]).strings([]).strings(["/a"]).strings(["/"])
    assert moved.call(w.SET_WATCHES2, lists.bytes(), w.XID_SET_WATCHES).err == 0
    assert trees.create(writer, "/a/b") == "/a/b"
    assert writer.call(w.SET_DATA, w.Out().string("/a/b").buffer(b"1").int(-1).bytes()).err == 0
    moved.call(w.SYNC, w.Out().string("/").bytes())
    assert sorted((e.type, e.path) for e in moved.take_events()) == [(1, "/a/b"), (3, "/a/b"), (4, "/a")]
    gone = w.Out().string("/").int(5).bytes()
    assert [moved.call(w.REMOVE_WATCHES, gone).err, moved.call(w.CHECK_WATCHES, gone).err] == [0, -121]

