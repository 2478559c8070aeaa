"""A container engine: the one that runs, or one that is started for the tests and stopped after them; and the image."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from . import places
from .waiting import eventually

SETUP = places.ROOT / "Tests" / "Interop" / "setup-engine.sh"
MARK = f"aviary-interop-{os.getpid()}"


class NoEngine(Exception):
    """Why no container can run here."""


class Engine:
    """Docker, and everything that was started with it: all of it is removed at the end."""

    def __init__(self):
        self.daemon = None
        self.projects = []
        self.networks = []
        ran = subprocess.run([str(SETUP)], capture_output=True, text=True, timeout=400)
        if ran.returncode:
            raise NoEngine(f"no container engine: {(ran.stderr.strip().splitlines() or ['?'])[-1]}")
        # The distribution's client has its builder within; other clients want a plugin for it.
        self.client = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else shutil.which("docker")
        if not self.answers():
            self.start_daemon()
        words = [[shutil.which("docker-compose") or "", ], [self.client, "compose"]]
        self.compose_words = next((each for each in words if each[0] and subprocess.run(
            [*each, "version"], capture_output=True).returncode == 0), None)

    def answers(self):
        return subprocess.run([self.client, "info"], capture_output=True, timeout=20).returncode == 0

    def start_daemon(self):
        if os.geteuid() != 0 or not shutil.which("dockerd"):
            raise NoEngine("no container engine runs, and only root can start one")
        log = open(places.TOOLS / "dockerd.log", "w")
        self.daemon = subprocess.Popen(["dockerd"], stdout=log, stderr=subprocess.STDOUT)

        def up():
            assert self.daemon.poll() is None, "dockerd has ended"
            return self.answers()
        try:
            eventually(up, 30, "the engine", every=0.2)
        except AssertionError as error:
            self.stop_daemon()
            raise NoEngine(f"dockerd cannot run here: {error}; see {log.name}") from None

    def stop_daemon(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait(20)

    def __call__(self, *words, seconds=60, check=True):
        """What the client prints."""
        ran = subprocess.run([self.client, *words], text=True, capture_output=True, timeout=seconds)
        assert not check or ran.returncode == 0, f"docker {' '.join(words)}: {ran.stdout}{ran.stderr}"
        return (ran.stdout if check else ran.stdout + ran.stderr).strip()

    # The image

    def build(self, folder):
        """The last stage of docker/Dockerfile, over a root made of the binary under test."""
        root = pathlib.Path(folder) / "root"
        subprocess.run([str(places.ROOT / "docker" / "assemble.sh"), places.aviary_binary(), str(root)], check=True)
        tar = subprocess.Popen(["tar", "-C", folder, "-c", "--transform", "s,^root,image,", "root"], stdout=subprocess.PIPE)
        subprocess.run([self.client, "import", "-", f"{MARK}-root"], stdin=tar.stdout, check=True, capture_output=True)
        assert tar.wait() == 0
        empty = pathlib.Path(folder) / "context"
        empty.mkdir()
        environment = dict(os.environ, DOCKER_BUILDKIT="1")
        ran = subprocess.run([self.client, "build", "-q", "--build-arg", f"BUILT={MARK}-root", "--target", "runtime", "-t", MARK,
                              "-f", str(places.ROOT / "docker" / "Dockerfile"), str(empty)],
                             env=environment, text=True, capture_output=True, timeout=120)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return MARK

    # Containers

    def run(self, *words):
        """A container in the background: options, image, words. It is removed at the end."""
        return Container(self, self("run", "-d", "--label", MARK, *words))

    def network(self, *options):
        name = f"{MARK}-{len(self.networks)}"
        self("network", "create", *options, name)
        self.networks.append(name)
        return name

    def compose(self, text, folder):
        """A project from the text of a compose file."""
        project = Project(self, f"{MARK.replace('-', '')}x{len(self.projects)}", text, folder)
        self.projects.append(project)
        return project

    def tidy(self):
        """Removes what a test has left."""
        while self.projects:
            self.projects.pop().down()
        left = self("ps", "-aq", "--filter", f"label={MARK}").split()
        if left:
            self("rm", "-fv", *left)
        while self.networks:
            self("network", "rm", self.networks.pop())

    def close(self):
        self.tidy()
        self("rmi", "-f", MARK, f"{MARK}-root", check=False)
        self.stop_daemon()


class Container:
    def __init__(self, engine, identity):
        self.engine, self.id = engine, identity

    def inspect(self):
        return json.loads(self.engine("inspect", self.id))[0]

    @property
    def addresses(self):
        return [each["IPAddress"] for each in self.inspect()["NetworkSettings"]["Networks"].values()]

    @property
    def log(self):
        return self.engine("logs", self.id, check=False)

    def exec(self, *words, check=True):
        return self.engine("exec", self.id, *words, check=check)

    def health(self, question="--ready"):
        return self.exec("aviary", "health", question, "--timeout", "500", check=False)

    def wait_ready(self, seconds=30):
        try:
            eventually(lambda: self.health().startswith("ready"), seconds, "ready")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.health()}; the end of its log:\n{self.log[-2500:]}") from None
        return self

    def ended(self, seconds=15):
        """The exit code, once it has ended by itself."""
        return int(self.engine("wait", self.id, seconds=seconds))


class Project:
    """A compose file in use."""

    def __init__(self, engine, name, text, folder):
        self.engine, self.name, self.text = engine, name, text
        self.file = pathlib.Path(folder) / f"{name}.yaml"
        self.ports = {}

    def __call__(self, *words, seconds=90):
        self.file.write_text(self.text)
        ran = subprocess.run([*self.engine.compose_words, "-p", self.name, "-f", str(self.file), *words], text=True,
                             capture_output=True, timeout=seconds)
        assert ran.returncode == 0, f"compose {' '.join(words)}: {ran.stdout}{ran.stderr}"
        return ran.stdout.strip()

    def free_ports(self):
        """Gives published ports that somebody on this machine has another number, and says so."""
        def freed(match):
            port = int(match[1])
            with socket.socket() as probe:
                try:
                    probe.bind(("0.0.0.0", port))
                    self.ports[port] = port
                except OSError:
                    self.ports[port] = places.free_port()
                    print(f"port {port} is taken on this machine: published as {self.ports[port]}")
            return f"{self.ports[port]}:2181"
        self.text = re.sub(r"\b(\d+):2181\b", freed, self.text)
        return self

    def container(self, service):
        return Container(self.engine, self("ps", "-q", service))

    def down(self):
        self("down", "-v", "-t", "2")


def folder():
    return tempfile.TemporaryDirectory(prefix="aviary-image-")
