"""A network of namespaces: one for each server, all on one bridge, with rules that drop what shall not pass.

The run itself is in namespaces of its own (`alone` are the words that lead there), so nothing is left when its first
process is gone, whatever became of it: no server, no mount, no bridge, no rule.
"""
import os
import pathlib
import subprocess

NETWORK = "10.66.0"
CLIENTS = 254


def alone():
    """The words before a command that give it namespaces of its own."""
    return ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def refused():
    """Why this machine lets us have no networks and mounts of our own; None where it does."""
    try:
        ran = subprocess.run([*alone(), "sh", "-c", "mount -t tmpfs none /run && iptables -L && ip link add birds type bridge"],
                             capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return None if ran.returncode == 0 else ran.stderr.strip() or f"exit code {ran.returncode}"


def run(*words, check=True):
    done = subprocess.run([str(word) for word in words], text=True, capture_output=True, timeout=60)
    if check and done.returncode:
        raise OSError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


class Namespaces:
    config = {"reconfigEnabled": "true"}
    prefix_of_clients = ()
    client, quorum, election = 2181, 2888, 3888

    def __init__(self, count):
        self.numbers = range(1, count + 1)
        # Names of namespaces are files, which must not be seen outside; and without root there may be no file outside.
        run("mount", "-t", "tmpfs", "none", "/run")
        pathlib.Path("/run/netns").mkdir()
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "birds", "type", "bridge")
        run("ip", "addr", "add", f"{NETWORK}.{CLIENTS}/24", "dev", "birds")
        run("ip", "link", "set", "birds", "up")
        for number in self.numbers:
            space, pair = f"s{number}", f"pair{number}"
            run("ip", "netns", "add", space)
            run("ip", "link", "add", pair, "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "link", "set", pair, "master", "birds", "up")
            run("ip", "-n", space, "addr", "add", f"{self.host(number)}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "eth0", "up")
            run("ip", "-n", space, "link", "set", "lo", "up")

    def host(self, number):
        """Where a server listens."""
        return f"{NETWORK}.{number}"

    def door(self, number):
        """Where clients reach it."""
        return self.host(number)

    def members(self, number):
        """The lines of an ensemble in the zoo.cfg of a server: here all have the same."""
        return [f"server.{each}={self.host(each)}:{self.quorum}:{self.election}" for each in self.numbers]

    def prefix(self, number):
        return ["ip", "netns", "exec", f"s{number}"]

    def inside(self, number, *words, check=True):
        return run(*self.prefix(number), *words, check=check)

    def cut(self, sender, receiver):
        if receiver == CLIENTS:
            self.inside(sender, "iptables", "-A", "OUTPUT", "-d", self.host(receiver), "-j", "DROP")
        else:
            self.inside(receiver, "iptables", "-A", "INPUT", "-s", self.host(sender), "-j", "DROP")

    def slow(self, number, loss, kilobits):
        self.inside(number, "iptables", "-A", "INPUT", "-m", "statistic", "--mode", "random", "--probability", str(loss), "-j", "DROP")
        self.inside(number, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", f"{kilobits}kbit", "burst", "10kb",
                    "latency", "400ms")

    def mend(self):
        for number in self.numbers:
            self.inside(number, "iptables", "-F")
            self.inside(number, "tc", "qdisc", "del", "dev", "eth0", "root", check=False)

    def close(self):
        """The end of the run takes it all away."""
