"""A client's half of a login by SASL DIGEST-MD5 that can also be wrong in every way (RFC 2831)."""
import hashlib
import re

from conformance import zkwire as w


def _hex(data):
    return hashlib.md5(data).hexdigest()


def answer(challenge, user, password, count="00000001", uri="zookeeper/zk-sasl-md5", realm="zk-sasl-md5", qop="auth",
           charset="utf-8", authorization=None, nonce=None, without=(), more=""):
    """What proves the password, or what would if nothing were changed."""
    def encoded(text):  # ISO 8859-1 wherever that has all the characters
        return text.encode("latin-1" if all(ord(c) < 256 for c in text) else "utf-8")
    nonce = nonce or re.search(rb'nonce="([^"]*)"', challenge).group(1).decode()
    secret = hashlib.md5(b":".join(map(encoded, (user, realm, password)))).digest() + f":{nonce}:abc".encode()
    if authorization:
        secret += b":" + authorization.encode()
    proof = _hex(f"{_hex(secret)}:{nonce}:{count}:abc:{qop}:{_hex(f'AUTHENTICATE:{uri}'.encode())}".encode())
    words = {"charset": charset, "username": f'"{user}"', "realm": f'"{realm}"', "nonce": f'"{nonce}"', "nc": count,
             "cnonce": '"abc"', "digest-uri": f'"{uri}"', "maxbuf": "65536", "response": proof, "qop": qop,
             "authzid": f'"{authorization}"' if authorization else None}
    said = ",".join(f"{key}={value}" for key, value in words.items() if value is not None and key not in without)
    return (said + more).encode()


def step(session, token):
    """(error code, the server's token without what is random), or "closed"."""
    try:
        reply = session.call(w.SASL, w.Out().buffer(token).bytes())
    except w.Disconnected:
        return "closed"
    return reply.err, w.In(reply.body).buffer()


def without_chance(outcome):
    if isinstance(outcome, tuple) and outcome[1] is not None:
        return outcome[0], re.sub(rb'(nonce=")[^"]*|(rspauth=)[0-9a-f]{32}', rb'\1\2*', outcome[1])
    return outcome


def login(session, user, password, **more):
    """The outcome of each step of a login."""
    first = step(session, b"")
    if first == "closed" or first[1] is None:
        return [first]
    return [without_chance(first), without_chance(step(session, answer(first[1], user, password, **more)))]
