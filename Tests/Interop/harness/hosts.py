"""Hosts on this machine: network namespaces on one bridge, each with an address, a real sshd and a file tree of its own."""
import os
import pathlib
import shutil
import subprocess

from .waiting import eventually

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


class NoHosts(Exception):
    """Why there can be none here."""


def run(*words, check=True, **options):
    ran = subprocess.run([str(word) for word in words], text=True, capture_output=True, timeout=30, **options)
    assert not check or ran.returncode == 0, f"{' '.join(map(str, words))}: {ran.stdout}{ran.stderr}"
    return ran.stdout.strip()


def missing():
    """What has to be installed, or nothing."""
    return [package for program, package in ((SSHD, "openssh-server"), ("ssh", "openssh-client"), ("ip", "iproute2"))
            if not shutil.which(program)]


class Hosts:
    """hosts[1] … hosts[N]: 10.77.K.N each; the machine itself is 10.77.K.254."""

    def __init__(self, folder, count):
        self.folder = pathlib.Path(folder)
        if os.geteuid() != 0:
            raise NoHosts("only root can make network namespaces")
        lacking = missing()
        if lacking:
            ran = subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", *lacking], text=True,
                                 capture_output=True, timeout=200, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
            if ran.returncode:
                raise NoHosts(f"{', '.join(lacking)} cannot be installed")
        self.mark = f"av{os.getpid() % 100000}"
        self.network = f"10.77.{os.getpid() % 250}"
        self.key = self.folder / "key"
        self.all = {}
        self.processes = {}
        try:
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key)
            run("ip", "link", "add", f"{self.mark}b", "type", "bridge")
            run("ip", "addr", "add", f"{self.network}.254/24", "dev", f"{self.mark}b")
            run("ip", "link", "set", f"{self.mark}b", "up")
            # An engine that has run here lets nothing pass between bridges' ports unless it is told to.
            run("iptables", "-I", "FORWARD", "-i", f"{self.mark}b", "-j", "ACCEPT", check=False)
        except AssertionError as error:
            self.close()
            raise NoHosts(str(error)) from None
        for number in range(1, count + 1):
            self.add(number)

    def address(self, number):
        return f"{self.network}.{number}"

    def add(self, number):
        name, pair, address = f"{self.mark}n{number}", f"{self.mark}v{number}", self.address(number)
        self.all[number] = name
        run("ip", "netns", "add", name)
        run("ip", "link", "add", pair, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", pair, "master", f"{self.mark}b", "up")
        run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "route", "add", "default", "via", f"{self.network}.254")
        home = self.folder / f"host{number}"
        home.mkdir()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / "hostkey")
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        (home / "authorized_keys").write_text((self.folder / "key.pub").read_text())
        (home / "sshd_config").write_text(
            f"ListenAddress {address}:22\nHostKey {home}/hostkey\nAuthorizedKeysFile {home}/authorized_keys\nUsePAM no\n"
            f"PidFile {home}/sshd.pid\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nUseDNS no\n")
        self.start(number)

    def restart_with(self, number, *commands):
        """Its sshd anew, in a machine on which these commands have been run."""
        self.crash(number)
        self.start(number, *commands)

    def start(self, number, *commands):
        """Its sshd."""
        home = self.folder / f"host{number}"
        # A mount namespace of its own: each host has another /var/lib/aviary.
        (home / "state").mkdir(exist_ok=True)
        pathlib.Path("/var/lib/aviary").mkdir(exist_ok=True)
        script = "".join(f"{command} && " for command in (f"mount --bind {home}/state /var/lib/aviary", *commands))
        script += f"exec {SSHD} -D -e -f {home}/sshd_config"
        log = open(home / "sshd.log", "a")
        self.processes[number] = subprocess.Popen(
            ["ip", "netns", "exec", self.all[number], "unshare", "-m", "sh", "-c", script], stdout=log, stderr=log)
        eventually(lambda: run("ip", "netns", "exec", self.all[number], "ss", "-ltn", "sport = :22").count("LISTEN"), 10, "sshd")

    def set_environment(self, number, variables):
        """Of all that is started there by ssh from now on."""
        path = self.folder / f"host{number}" / "sshd_config"
        lines = [line for line in path.read_text().splitlines() if not line.startswith("SetEnv")]
        if variables:
            lines.append("SetEnv " + " ".join(f"{key}={value}" for key, value in variables.items()))
        path.write_text("\n".join(lines) + "\n")
        self.restart_with(number)

    def state(self, number):
        """Where the host's /var/lib/aviary is on this machine."""
        return self.folder / f"host{number}" / "state"

    def inside(self, number, *words, check=True):
        return run("ip", "netns", "exec", self.all[number], *words, check=check)

    def processes_of(self, number):
        """The numbers of the processes that run on a host, sshd left out."""
        pids = run("ip", "netns", "pids", self.all[number], check=False).split()
        return [pid for pid in pids if "host-service" not in self.command(pid) and " server " in self.command(pid)]

    @staticmethod
    def command(pid):
        try:
            return " ".join(pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")) + " "
        except OSError:
            return ""

    def cut(self, number):
        """The host is lost to all others."""
        run("ip", "link", "set", f"{self.mark}v{number}", "down")

    def mend(self, number):
        run("ip", "link", "set", f"{self.mark}v{number}", "up")

    def crash(self, number):
        """All processes of the host end at once."""
        for pid in run("ip", "netns", "pids", self.all[number], check=False).split():
            run("kill", "-9", pid, check=False)
        if self.processes.get(number):
            self.processes[number].wait(10)

    def close(self):
        for number, name in self.all.items():
            self.crash(number)
            run("ip", "netns", "del", name, check=False)
            run("ip", "link", "del", f"{self.mark}v{number}", check=False)
        run("iptables", "-D", "FORWARD", "-i", f"{self.mark}b", "-j", "ACCEPT", check=False)
        run("ip", "link", "del", f"{self.mark}b", check=False)
