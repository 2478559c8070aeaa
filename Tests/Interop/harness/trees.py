"""The whole tree as a server shows it: every path with its data, ACL and Stat, so that two servers can be compared."""
from conformance import zkwire as w

SUPER_DIGEST = {"DigestAuthenticationProvider.superDigest": "super:gG7s8t3oDEtIqF6DM9LlI/R+9Ss="}
ADMIN = ("digest", b"super:super")


def authenticate(session, scheme, secret):
    """The error code of an auth packet."""
    return session.call(w.AUTH, w.Out().int(0).string(scheme).buffer(secret).bytes(), w.XID_AUTH).err


def children(session, path):
    reply = session.call(w.GET_CHILDREN, w.Out().string(path).bool(False).bytes())
    assert reply.err == 0, f"getChildren {path}: {reply.err}"
    return sorted(w.In(reply.body).strings())


def get(session, path):
    """(data, Stat), or the error code."""
    reply = session.call(w.GET_DATA, w.Out().string(path).bool(False).bytes())
    if reply.err:
        return reply.err
    body = w.In(reply.body)
    return body.buffer(), body.stat()


def acl(session, path):
    reply = session.call(w.GET_ACL, w.Out().string(path).bytes())
    return reply.err if reply.err else sorted(w.In(reply.body).acl())


def sync(session):
    reply = session.call(w.SYNC, w.Out().string("/").bytes())
    assert reply.err == 0, f"sync: {reply.err}"


def create(session, path, data=b"", flags=0, acl=w.OPEN_ACL):
    """The name that came out, or the error code."""
    reply = session.call(w.CREATE, w.Out().string(path).buffer(data).acl(acl).int(flags).bytes())
    return reply.err if reply.err else w.In(reply.body).string()


def dump(server, root="/", config=False, identity=None):
    """{path: (data, Stat, ACL)} below `root`, after a sync. /zookeeper/config differs by design and is left out."""
    session = server.session()
    try:
        assert identity is None or authenticate(session, *identity) == 0
        sync(session)
        found, queue = {}, [root]
        while queue:
            path = queue.pop()
            if path == "/zookeeper/config" and not config:
                continue
            found[path] = (*get(session, path), acl(session, path))
            prefix = path if path != "/" else ""
            queue += [f"{prefix}/{name}" for name in children(session, path)]
        if not config and "/zookeeper" in found:
            found.pop("/zookeeper")
        return found
    finally:
        session.close()


def difference(one, other):
    """The paths at which two dumps differ, with both sides; empty when they are equal."""
    return {path: (one.get(path), other.get(path)) for path in sorted(one.keys() | other.keys())
            if one.get(path) != other.get(path)}
