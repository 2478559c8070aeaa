"""One server as a real process, ours or Apache ZooKeeper's, started from a zoo.cfg that both understand.

A kind is `aviary` (the binary under test), `apache` (3.9.5) or `debian` (the packaged 3.8).
"""
import os
import pathlib
import signal
import subprocess

from conformance import zkwire

from . import places
from .waiting import eventually

KINDS = ("aviary", "apache", "debian")
JVM = ["-Xmx256m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
ADMIN_JARS = ("jetty9-server", "jetty9-http", "jetty9-io", "jetty9-util", "jetty9-util-ajax", "jetty9-security",
              "jetty9-servlet", "servlet-api", "jackson-core", "jackson-databind", "jackson-annotations")
LOG4J2 = """status = error
appender.f.type = File
appender.f.name = f
appender.f.fileName = {log}
appender.f.layout.type = PatternLayout
appender.f.layout.pattern = %d{{ISO8601}} %p %c{{1}} - %m%n
rootLogger.level = info
rootLogger.appenderRef.f.ref = f
"""
LOG4J1 = """log4j.rootLogger=INFO, F
log4j.appender.F=org.apache.log4j.FileAppender
log4j.appender.F.File={log}
log4j.appender.F.layout=org.apache.log4j.PatternLayout
log4j.appender.F.layout.ConversionPattern=%d{{ISO8601}} %p %c{{1}} - %m%n
"""


def java_command(kind, folder, log, main, *arguments, properties=()):
    """The command line for one of Apache ZooKeeper's programs, logging to the file `log`."""
    if kind == "debian":
        names = ("zookeeper", "zookeeper-jute", "slf4j-log4j12", "slf4j-api", "log4j-1.2", "netty-all", "metrics-core", "snappy-java")
        jars = ":".join(p for p in (f"/usr/share/java/{n}.jar" for n in names) if os.path.exists(p))
        settings, key = LOG4J1, "log4j.configuration"
    else:
        # Its AdminServer runs on Jetty 9.4 and Jackson, which Debian has.
        jars = ":".join([f"{places.TOOLS}/zookeeper-3.9.5/*", *(f"/usr/share/java/{name}.jar" for name in ADMIN_JARS)])
        settings, key = LOG4J2, "log4j2.configurationFile"
    logging = pathlib.Path(folder) / "log4j.properties"
    logging.write_text(settings.format(log=log))
    return ["java", *JVM, f"-D{key}=file:{logging}", *(f"-D{each}" for each in properties), "-Dznode.container.checkIntervalMs=3600000",
            "-Dzookeeper.admin.enableServer=false", "-cp", jars, main, *map(str, arguments)]


class Server:
    """A server process and its files. `config` is the text of its zoo.cfg by key; None leaves a default key out.

    `properties` are settings of the process, as in -Dkey=value: some are read from nowhere else by Apache ZooKeeper.
    """

    def __init__(self, kind, folder, client_port, config, host="127.0.0.1", identity=None, members=(), properties=()):
        self.kind, self.host, self.client_port, self.identity = kind, host, client_port, identity
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.cfg = self.folder / "zoo.cfg"
        self.config = {"tickTime": 2000, "initLimit": 10, "syncLimit": 5, "dataDir": self.data, "clientPort": client_port,
                       "4lw.commands.whitelist": "*", "maxClientCnxns": 0, "extendedTypesEnabled": "true",
                       "znode.container.checkIntervalMs": 3600000, "admin.enableServer": "false"}
        self.config.update(config)
        self.members = list(members)
        self.properties = list(properties)
        # What stands before the command line, such as the words that lead into a network namespace.
        self.prefix = []
        self.environment = {}
        self.process = None
        self.starts = 0
        self.write_files()

    def write_files(self):
        """zoo.cfg and myid, once: a server may rewrite its zoo.cfg, as Apache ZooKeeper does."""
        self.data.mkdir(exist_ok=True)
        lines = [f"{key}={value}" for key, value in self.config.items() if value is not None] + self.members
        self.cfg.write_text("\n".join(lines) + "\n")
        if self.identity is not None:
            (self.data / "myid").write_text(f"{self.identity}\n")

    # -- the process
    @property
    def log_path(self):
        return self.folder / "server.log"

    @property
    def log(self):
        """All that the server has said since its folder was made."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self):
        assert self.process is None, f"{self} runs already"
        if self.kind == "aviary":
            command = [places.aviary_binary(), "server", str(self.cfg)]
        else:
            command = java_command(self.kind, self.folder, self.log_path,
                                   "org.apache.zookeeper.server.quorum.QuorumPeerMain", self.cfg,
                                   properties=self.properties)
        self.starts += 1
        environment = dict(os.environ, SERVER_JVMFLAGS=" ".join(f"-D{each}" for each in self.properties), **self.environment)
        with open(self.log_path, "ab") as out:
            self.process = subprocess.Popen([*self.prefix, *command], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                            cwd=self.folder, start_new_session=True)
        return self

    def tell(self, number):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Ends the process, by SIGKILL when it does not follow `number` in time; answers whether it followed."""
        if self.process is None:
            return True
        followed = True
        self.tell(number)
        self.tell(signal.SIGCONT)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            followed = False
            self.process.kill()
            self.process.wait()
        self.process = None
        return followed

    def kill(self):
        self.stop(signal.SIGKILL)

    def pause(self):
        """SIGSTOP, and back when every thread stands: until then one may still read and write."""
        self.tell(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        if tasks.exists():
            eventually(lambda: all(task.read_text().rpartition(")")[2].split()[0] in "Tt" for task in tasks.glob("*/stat")),
                       5, f"{self} standing")

    def resume(self):
        self.tell(signal.SIGCONT)

    def restart(self, **more):
        self.stop()
        return self.start(**more)

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    # -- what it says
    @property
    def address(self):
        return f"{self.host}:{self.client_port}"

    def word(self, word, timeout=5.0):
        return zkwire.four_letter_word(self.host, self.client_port, word, timeout)

    def mode(self):
        """leader, follower, observer, standalone; None when it does not answer or does not serve."""
        try:
            for line in self.word("srvr", timeout=0.5).splitlines():
                if line.startswith("Mode: "):
                    return line[len("Mode: "):]
        except OSError:
            pass
        return None

    def zxid(self):
        return int(next(line for line in self.word("srvr").splitlines() if line.startswith("Zxid: "))[6:], 16)

    def session(self, **more):
        """A raw session that says exactly what it is told (conformance/zkwire.py)."""
        return zkwire.Session(self.host, self.client_port, **more)

    def wait_serving(self, seconds=40, session=True):
        """Until it answers `srvr`, and opens a session too unless the history must stay empty."""
        def serving():
            assert self.alive, f"{self} ended"
            if self.mode() is None:
                return False
            if session:
                self.session().close()
            return True
        try:
            eventually(serving, seconds, f"{self} serving")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-1500:]}") from None
        return self

    def __repr__(self):
        return f"<{self.kind} server {self.identity or ''} at {self.address}>"
