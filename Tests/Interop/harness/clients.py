"""Clients of several makes: kazoo, Apache ZooKeeper's shell, and a program on its C library."""
import contextlib
import os
import subprocess

from kazoo.client import KazooClient

from . import places


def kazoo(addresses, timeout=10.0, **more):
    """A connected kazoo client; `addresses` as in a connect string."""
    client = KazooClient(hosts=addresses, timeout=timeout, **more)
    try:
        client.start(timeout=20)
    except BaseException:
        client.stop()
        client.close()
        raise
    return client


def let_go(client):
    """Ends a kazoo client whatever state it is in."""
    client.stop()
    client.close()


def zkcli(address, *commands, seconds=40):
    """What Apache's shell prints, all of stdout and stderr, for commands given one a line on its standard input."""
    environment = dict(os.environ, CLIENT_JVMFLAGS="-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData",
                       JVMFLAGS="-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1", ZOO_LOG4J_PROP="WARN,CONSOLE")
    ran = subprocess.run([str(places.ZKCLI), "-server", address], input="\n".join([*commands, "quit"]) + "\n", text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, env=environment)
    return ran.stdout


def zkcli_once(address, *words, seconds=40):
    """One command given as arguments: (exit status, output)."""
    environment = dict(os.environ, CLIENT_JVMFLAGS="-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData",
                       ZOO_LOG4J_PROP="WARN,CONSOLE")
    ran = subprocess.run([str(places.ZKCLI), "-server", address, *words], text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, env=environment)
    return ran.returncode, ran.stdout


def c_client(*arguments, seconds=40):
    """Runs the C program; answers (exit status, output)."""
    ran = subprocess.run([str(places.CCLIENT), *arguments], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=seconds)
    return ran.returncode, ran.stdout


@contextlib.contextmanager
def c_client_held(*arguments):
    """The C program while it goes on: its output can be read line by line; it is killed at the end."""
    process = subprocess.Popen([str(places.CCLIENT), *arguments], text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
