"""`aviary doctor` and `aviary check`: faults put into a real ensemble on purpose are all found, and a healthy one has none."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import pytest

from conformance import zkwire
from harness import places
from harness.clock import wrong_clock
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(180)]

MACHINE = {"disk-slow", "disk-full", "files-limited"}  # true of the machine that the tests run on, whatever the ensemble


class Patient:
    """Three servers, and what is wrong with them."""

    def __init__(self, aviary):
        self.aviary = aviary
        self.folder = pathlib.Path(aviary.environment["AVIARY_HOME"]) / "local"

    def findings(self, *words, code=None):
        ended, out, err = self.aviary("doctor", "--json", *words)
        found = json.loads(out)
        errors = [each for each in found if each["severity"] == "error"]
        assert ended == (1 if errors else 0), (ended, out, err)
        return [each for each in found if each["code"] not in MACHINE]

    def codes(self):
        return {each["code"] for each in self.findings()}

    def ids(self):
        return sorted(each["id"] for each in json.loads(self.aviary("status", "--json")[1])["servers"])

    def server(self, number):
        return self.folder / str(number)

    def pid(self, number):
        return int((self.server(number) / "server.pid").read_text().split()[0])

    def word(self, number, word):
        """What a server answers to a word of four letters."""
        entry = next(each for each in (self.folder / "launcher").read_text().splitlines() if each.startswith(f"server {number} "))
        return zkwire.four_letter_word("127.0.0.1", int(entry.split()[4]), word, 2.0)

    def ready(self):
        ended, _, err = self.aviary("wait", "--for", "synced")
        assert ended == 0, err

    def type(self, *words):
        ended, out, err = self.aviary(*words)
        assert ended == 0, err


@pytest.fixture
def patient(aviary):
    ended, _, err = aviary("up", "--detach")
    assert ended == 0, err
    patient = Patient(aviary)
    patient.ready()
    return patient


@contextlib.contextmanager
def changed(path, text):
    """A file with other text, or none, for a while."""
    old, bits = path.read_bytes(), path.stat().st_mode
    try:
        if text is None:
            path.unlink()
        else:
            path.write_text(text(old.decode()) if callable(text) else text)
        yield
    finally:
        path.write_bytes(old)
        path.chmod(bits)


def line(key, value):
    """A change of one key of a zoo.cfg."""
    def edit(text):
        return "".join(each for each in text.splitlines(keepends=True) if not each.startswith(key + "=")) + f"{key}={value}\n"
    return edit


def members(text):
    """Where a zoo.cfg has the members from."""
    return pathlib.Path(next(each.split("=", 1)[1] for each in text.splitlines() if each.startswith("dynamicConfigFile=")))


def test_a_healthy_ensemble_has_nothing(patient):
    assert patient.findings() == []
    ended, out, _ = patient.aviary("doctor")
    assert ended == 0 and ("nothing is wrong" in out or "disk" in out)


FILES = {  # file of a server that does not run, what becomes of it, the word for it
    "myid-missing": ("data/myid", None),
    "myid-unreadable": ("data/myid", "three\n"),
    "myid-differs": ("data/myid", "2\n"),
    "zoo-cfg-missing": ("zoo.cfg", None),
    "zoo-cfg-wrong": ("zoo.cfg", line("tickTime", "often")),
    "zoo-cfg-doubtful": ("zoo.cfg", line("tickTme", "2000")),
    "zoo-cfg-edited": ("zoo.cfg", line("maxClientCnxns", "7")),
    "settings-differ": ("zoo.cfg", line("syncLimit", "9")),
    "words-hidden": ("zoo.cfg", line("4lw.commands.whitelist", "ruok")),
    "acl-skipped": ("zoo.cfg", line("skipACL", "yes")),
    "epochs-wrong": ("data/version-2/acceptedEpoch", "0"),
    "members-unreadable": (None, "what is this?\n"),
    "removed": (None, lambda text: "".join(each for each in text.splitlines(keepends=True) if "server.3=" not in each)),
}


def test_faults_of_files_are_found_and_gone_when_they_are_mended(patient):
    patient.type("kill", "3")
    patient.type("wait", "--for", "leader")
    assert patient.codes() == {"server-down", "no-margin"}
    server = patient.server(3)
    for code, (name, text) in FILES.items():
        path = server / name if name else members((server / "zoo.cfg").read_text())
        with changed(path, text):
            found = patient.findings()
            assert code in {each["code"] for each in found}, (code, found)
            assert all(each["remedy"] for each in found), found
        assert patient.codes() == {"server-down", "no-margin"}, code


def test_faults_of_data_are_found(patient):
    patient.type("kill", "3")
    patient.type("wait", "--for", "leader")
    data = patient.server(3) / "data"
    version = data / "version-2"
    with contextlib.ExitStack() as stack:
        for name in ("acceptedEpoch", "currentEpoch"):
            stack.enter_context(changed(version / name, "99"))
        assert "data-foreign" in patient.codes()
    aside = data.with_name("aside")
    data.rename(aside)
    assert "directory-missing" in patient.codes()
    aside.rename(data)
    snapshots = list(version.glob("snapshot.*"))
    assert snapshots
    for each in snapshots:
        each.rename(aside.with_name(each.name))
    assert ("snapshot-missing" in patient.codes()) == bool(list(version.glob("log.*")))
    (version / "log.100000001").touch()
    assert "snapshot-missing" in patient.codes()
    (version / "log.100000001").unlink()
    for each in snapshots:
        aside.with_name(each.name).rename(each)
    assert patient.codes() == {"server-down", "no-margin"}


def test_a_directory_that_cannot_be_written_is_found(patient):
    patient.type("stop", "3")
    data = patient.server(3) / "data"
    if os.geteuid() == 0:
        if subprocess.run(["mount", "--bind", data, data], capture_output=True).returncode:
            pytest.skip("root may write everywhere, and mount nothing here")
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
            assert "directory-read-only" in patient.codes()
        finally:
            subprocess.run(["umount", data], check=True)
    else:
        data.chmod(0o500)
        assert "directory-read-only" in patient.codes()
        data.chmod(0o700)
    assert "directory-read-only" not in patient.codes()


def test_faults_of_processes_and_ports_are_found(patient):
    patient.type("pause", "3")
    found = patient.findings()
    assert "server-paused" in {each["code"] for each in found}
    assert any(each["remedy"] == "aviary resume 3 -e local" for each in found)
    patient.type("pause", "2")
    eventually(lambda: {"server-silent", "no-quorum"} <= patient.codes(), seconds=30)
    patient.type("resume", "2", "3")
    patient.ready()
    assert patient.findings() == []

    _, out, _ = patient.aviary("status", "--json")
    port = next(int(each["client"].rsplit(":", 1)[1]) for each in json.loads(out)["servers"] if each["id"] == 3)
    patient.type("stop", "3")
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("", port))
        squatter.listen()
        found = patient.findings()
        assert any(each["code"] == "port-taken" and str(port) in each["text"] for each in found), found
    (patient.server(2) / "started").write_text("something else\n")
    assert "restart-pending" in patient.codes()


def test_faults_of_the_operator_and_the_machine_are_found(patient):
    operator = patient.folder / "operator"
    operator.chmod(0o644)
    assert patient.codes() == {"credential-public"}
    with changed(operator, None):
        assert "credential-missing" in patient.codes()
    operator.chmod(0o600)
    limited = subprocess.run(["sh", "-c", f"ulimit -n 1024; exec {places.aviary_binary()} doctor --json"],
                             env=patient.aviary.environment, text=True, capture_output=True)
    assert "files-limited" in {each["code"] for each in json.loads(limited.stdout)}
    digests = []
    for number in (1, 2, 3):
        path = patient.server(number) / "zoo.cfg"
        digests.append((path, path.read_bytes()))
        path.write_text("".join(each for each in path.read_text().splitlines(keepends=True) if "superDigest" not in each))
    assert "reconfig-forbidden" in patient.codes()
    for path, text in digests:
        path.write_bytes(text)
    assert patient.findings() == []


def test_spec_and_ensemble_that_differ_are_found(patient):
    shutil.copy(patient.folder / "launcher", patient.folder / "wanted")
    remedies = {each["code"]: each["remedy"] for each in patient.findings()}
    assert remedies["change-interrupted"] == "aviary apply -e local   # goes on; aviary apply --abandon -e local gives it up"
    text = (patient.folder / "launcher").read_text()
    (patient.folder / "wanted").unlink()
    patient.type("remove", "3")
    assert patient.codes() == {"even-participants"}
    _, out, _ = patient.aviary("doctor")
    assert "aviary scale 3" in out
    with changed(patient.folder / "launcher", text):
        assert {"not-a-member", "removed"} & patient.codes()


@contextlib.contextmanager
def squatting(port):
    """Somebody else has the port."""
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("", port))
        squatter.listen()
        yield


@contextlib.contextmanager
def renamed(path):
    """A file or directory is gone for a while."""
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


@contextlib.contextmanager
def without_snapshots(directory):
    """A log, and nothing that it goes on from."""
    log = directory / "log.7f00000001"
    log.touch()
    with contextlib.ExitStack() as stack:
        for each in directory.glob("snapshot.*"):
            aside = each.with_name("aside." + each.name)
            each.rename(aside)
            stack.callback(aside.rename, each)
        yield
    log.unlink()


@contextlib.contextmanager
def mode(path, bits):
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


@contextlib.contextmanager
def paused(patient, *numbers):
    for number in numbers:
        patient.type("pause", str(number))
    try:
        yield
    finally:
        patient.type("resume", *map(str, numbers))


@contextlib.contextmanager
def copied(data):
    """The directory says that it was another one, which is there as well."""
    other = data.with_name("original")
    identity = (data / "identity").read_text().replace(f"directory {data}", f"directory {other}")
    other.mkdir()
    (other / "identity").write_text(identity)
    try:
        with changed(data / "identity", identity):
            yield
    finally:
        shutil.rmtree(other)


def seeded(patient):
    """Faults to put into an ensemble of which server 3 has died: {the word for it: while this lasts}."""
    three, record = patient.server(3), patient.folder / "launcher"
    data = three / "data"
    entry = next(each for each in record.read_text().splitlines() if each.startswith("server 3 "))
    words = entry.split()

    def server(place, value):
        new = " ".join(words[:place] + [value] + words[place + 1:])
        return lambda: changed(record, lambda text: text.replace(entry, new))

    def zoo_cfg(key, value):
        return lambda: changed(three / "zoo.cfg", line(key, value))

    def identity(old, new):
        return lambda: changed(data / "identity", lambda text: text.replace(old, new))

    @contextlib.contextmanager
    def everywhere(key):
        with contextlib.ExitStack() as stack:
            for number in (1, 2, 3):
                stack.enter_context(changed(patient.server(number) / "zoo.cfg", lambda text: "".join(
                    each for each in text.splitlines(keepends=True) if key not in each)))
            yield
    faults = {code: (lambda path=three / name if name else members((three / "zoo.cfg").read_text()), text=text: changed(path, text))
              for code, (name, text) in FILES.items()}
    [leader] = [number for number in (1, 2) if "Mode: leader" in patient.word(number, "srvr")]
    faults.update({
        "data-foreign": identity("ensemble local.", "ensemble other."),
        "data-unknown": lambda: changed(data / "identity", "whose?\n"),
        "data-swapped": identity("server 3", "server 2"),
        "data-removed": lambda: changed(data / "identity", lambda text: text + "removed 7f00000000\n"),
        "data-copied": lambda: copied(data),
        "directory-missing": lambda: renamed(data),
        "snapshot-missing": lambda: without_snapshots(data / "version-2"),
        "port-taken": lambda: squatting(int(words[4])),
        "name-unknown": server(2, "nosuch.invalid"),
        "name-is-loopback": server(2, "127.0.0.9"),
        "role-differs": server(3, "observer"),
        "address-differs": server(5, str(places.free_port())),
        "not-a-member": lambda: changed(record, lambda text: text + entry.replace("server 3", "server 9") + "\n"),
        "not-in-spec": lambda: changed(record, lambda text: text.replace(entry + "\n", "")),
        "change-interrupted": lambda: changed_new(patient.folder / "wanted", record.read_text()),
        "restart-pending": lambda: changed(patient.server(1) / "started", line("snapCount", "9")),
        "reconfig-forbidden": lambda: everywhere("superDigest"),
        "credential-missing": lambda: changed(patient.folder / "operator", None),
        "credential-public": lambda: mode(patient.folder / "operator", 0o644),
        "server-paused": lambda: paused(patient, 3 - leader),
        "server-silent": lambda: paused(patient, 3 - leader),
        "no-quorum": lambda: paused(patient, 3 - leader),
    })
    return faults


@contextlib.contextmanager
def changed_new(path, text):
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink()


@pytest.mark.budget(300)
def test_more_than_twenty_five_seeded_faults_are_all_found(patient):
    """Each is put into a real ensemble, found with what mends it, and gone when it is taken out again."""
    patient.type("kill", "3")
    patient.type("wait", "--for", "leader")
    sick = {"server-down", "no-margin"}
    assert patient.codes() == sick
    found = []
    for code, fault in seeded(patient).items():
        with fault():
            # The leader learns with the next ping that a follower answers no more.
            eventually(lambda: code in patient.codes(), 20, f"{code}, and not only {patient.codes()}")
            finding = next(each for each in patient.findings() if each["code"] == code)
            assert finding["remedy"] and finding["text"], finding
            found.append(code)
        eventually(lambda: patient.codes() == sick, 30, f"nothing left of {code}")
    patient.type("start", "3")
    patient.ready()
    assert patient.findings() == []
    print(f"\n{len(found)} seeded faults found: {', '.join(sorted(found))}")
    assert len(set(found)) >= 25, found


class Person:
    """Types what the doctor prints, as it stands there."""

    def __init__(self, patient, folder):
        self.patient, self.folder, self.typed = patient, folder, []
        words = folder / "words"
        words.mkdir()
        (words / "aviary").symlink_to(places.aviary_binary())
        self.environment = dict(patient.aviary.environment, PATH=f"{words}:{os.environ['PATH']}")

    def type(self, remedy):
        ran = subprocess.run(remedy, shell=True, env=self.environment, cwd=self.folder, text=True, capture_output=True, timeout=100)
        assert ran.returncode == 0, (remedy, ran.stdout, ran.stderr)
        self.typed.append(remedy.split("   #")[0])

    def mend(self, code):
        """Types the remedy of that finding, which is then gone; and then of whatever is left, until nothing is."""
        remedies = [each["remedy"] for each in self.patient.findings() if each["code"] == code]
        assert remedies, (code, self.patient.findings())
        for remedy in remedies:
            self.type(remedy)
        eventually(lambda: code not in self.patient.codes(), 20, f"no {code} after {remedies}")
        for _ in range(6):
            left = self.patient.findings()
            if not left:
                break
            self.type(left[0]["remedy"])
        self.patient.ready()
        eventually(lambda: self.patient.findings() == [], 20, f"health after {code}")


def spoiled_by_hand(patient, number, other):
    """Faults of the server of this number, who runs or was stopped for it: [(the word for it, whether it was, what is done)]."""
    folder, record = patient.server(number), patient.folder / "launcher"
    data = folder / "data"

    def write(path, text):
        return lambda: path.write_text(text(path.read_text()) if callable(text) else text)

    def record_of(place, value):
        def edit(text):
            entry = next(each for each in text.splitlines() if each.startswith(f"server {number} "))
            words = entry.split()
            return text.replace(entry, " ".join(words[:place] + [value] + words[place + 1:]))
        return write(record, edit)

    def zoo_cfg(key, value):
        return write(folder / "zoo.cfg", line(key, value))

    def copied_from_elsewhere():
        original = data.with_name("original")
        shutil.copytree(data, original)
        for path in (data, original):
            (path / "identity").write_text((path / "identity").read_text().replace(f"directory {data}", f"directory {original}"))

    return [
        ("server-down", False, lambda: patient.type("kill", str(number))),
        ("server-paused", False, lambda: patient.type("pause", str(number))),
        ("no-quorum", False, lambda: patient.type("pause", str(number), str(other))),
        ("no-margin", True, lambda: None),
        ("zoo-cfg-edited", False, zoo_cfg("maxClientCnxns", "7")),
        ("zoo-cfg-wrong", False, zoo_cfg("tickTime", "often")),
        ("zoo-cfg-doubtful", True, zoo_cfg("tickTme", "2000")),
        ("zoo-cfg-missing", False, (folder / "zoo.cfg").unlink),
        ("settings-differ", False, zoo_cfg("syncLimit", "9")),
        ("words-hidden", True, zoo_cfg("4lw.commands.whitelist", "ruok")),
        ("acl-skipped", False, zoo_cfg("skipACL", "yes")),
        ("myid-missing", False, (data / "myid").unlink),
        ("myid-unreadable", True, write(data / "myid", "three\n")),
        ("myid-differs", True, write(data / "myid", "2\n")),
        ("directory-missing", True, lambda: shutil.rmtree(data)),
        ("removed", True, lambda: write(members((folder / "zoo.cfg").read_text()), lambda text: "".join(
            each for each in text.splitlines(keepends=True) if f"server.{number}=" not in each))()),
        ("data-unknown", True, write(data / "identity", "whose?\n")),
        ("data-removed", True, write(data / "identity", lambda text: text + "removed 7f00000000\n")),
        ("data-foreign", True, write(data / "identity", lambda text: text.replace("ensemble local.", "ensemble other."))),
        ("data-swapped", True, write(data / "identity", lambda text: text.replace(f"server {number}", "server 77"))),
        ("data-copied", True, copied_from_elsewhere),
        ("restart-pending", False, write(folder / "started", line("snapCount", "9"))),
        ("change-interrupted", False, lambda: shutil.copy(record, patient.folder / "wanted")),
        ("credential-public", False, lambda: (patient.folder / "operator").chmod(0o644)),
        ("role-differs", False, record_of(3, "observer")),
        ("address-differs", False, record_of(5, str(places.free_port()))),
        ("even-participants", False, lambda: patient.type("remove", str(number))),
    ]


def replaced(patient, number):
    """Faults after which another server is better than this one."""
    folder = patient.server(number)
    data = folder / "data"

    def unsnapped():
        (data / "version-2" / "log.7f00000001").touch()
        for each in (data / "version-2").glob("snapshot.*"):
            each.unlink()
    return {
        "members-unreadable": lambda: members((folder / "zoo.cfg").read_text()).write_text("what is this?\n"),
        "snapshot-missing": unsnapped,
        "epochs-wrong": lambda: (data / "version-2" / "acceptedEpoch").write_text("0"),
    }


@pytest.mark.budget(300)
def test_what_the_doctor_names_mends_it(patient, tmp_path):
    """Every remedy is typed as it is printed, its note included; the finding is gone then, and so is all else in the end."""
    person = Person(patient, tmp_path)
    count = len(spoiled_by_hand(patient, 3, 1))
    mended = []
    for place in range(count):
        number = patient.ids()[-1]
        code, isStopped, spoil = spoiled_by_hand(patient, number, 1)[place]
        if isStopped:
            patient.type("stop", str(number))
        spoil()
        person.mend(code)
        mended.append(code)
    for code in list(replaced(patient, 3)):
        number = patient.ids()[-1]
        patient.type("stop", str(number))
        replaced(patient, number)[code]()
        person.mend(code)
        mended.append(code)
    print(f"\n{len(mended)} findings mended by what the doctor said: {', '.join(mended)}")
    # Directories that were swapped: changed back, by what is typed for one of both.
    first, second = patient.ids()[-2:]
    patient.type("stop", str(first), str(second))
    one, two = patient.server(first) / "data", patient.server(second) / "data"
    one.rename(two.with_name("swap"))
    two.rename(one)
    two.with_name("swap").rename(two)
    for number in (first, second):
        (patient.server(number) / "data" / "myid").write_text(f"{number}\n")
    person.mend("data-swapped")
    assert f"server {first}\n" in (one / "identity").read_text()


def test_who_is_in_the_spec_alone_or_in_the_ensemble_alone(patient, tmp_path):
    person = Person(patient, tmp_path)
    record = patient.folder / "launcher"
    entry = next(each for each in record.read_text().splitlines() if each.startswith("server 3 "))
    words = entry.split()
    ports = " ".join(str(places.free_port()) for _ in words[4:8])
    record.write_text(record.read_text() + f"server 9 {words[2]} participant {ports} 0 0\n")
    person.mend("not-a-member")
    assert any(each.startswith("aviary scale 5") for each in person.typed)
    # A member that nobody here has on record is somebody else's; its process is, too.
    entry = next(each for each in record.read_text().splitlines() if each.startswith("server 9 "))
    pid = patient.pid(9)
    record.write_text(record.read_text().replace(entry + "\n", ""))
    try:
        person.mend("not-in-spec")
        assert any(each.startswith("aviary remove 9") for each in person.typed)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_fix_does_what_is_safe_and_says_so(patient):
    patient.type("kill", "3")
    (patient.server(3) / "data" / "myid").unlink()
    (patient.folder / "operator").chmod(0o644)
    patient.type("pause", "1")
    ended, out, err = patient.aviary("doctor", "--fix")
    assert ended == 0, (out, err)
    for told in ("start server 3", "let server 1 go on", "write the myid file of server 3", "operator to others"):
        assert told in err
    patient.ready()
    assert patient.findings() == []


def test_a_spec_is_checked_before_anything_starts(aviary, tmp_path):
    port = places.free_port()
    spec = tmp_path / "three.yaml"
    spec.write_text("servers:\n" + "".join(
        f"  - id: {number}\n    host: {host}\n    dataDir: {tmp_path}/data{number}\n"
        f"    ports: {{client: {places.free_port() if number < 3 else port}, quorum: {places.free_port()}, election: {places.free_port()}}}\n"
        for number, host in ((1, "localhost"), (2, "nosuch.invalid"), (3, "localhost"))))
    with socket.socket() as squatter:
        squatter.bind(("", port))
        squatter.listen()
        ended, out, err = aviary("check", spec, "--json")
    codes = {each["code"]: each for each in json.loads(out)}
    assert ended == 1 and set(codes) - MACHINE == {"name-unknown", "port-taken"}, (out, err)
    assert codes["port-taken"]["server"] == 3
    spec.write_text(spec.read_text().replace("nosuch.invalid", "localhost"))
    ended, out, err = aviary("check", spec, "--json")
    assert ended == 0 and {each["code"] for each in json.loads(out)} <= MACHINE, (out, err)
    assert not (tmp_path / "data1").exists()


def test_servers_that_somebody_else_starts_are_checked_too(make_ensemble, aviary, tmp_path):
    ensemble = make_ensemble(3).start().wait_ready()
    spec = tmp_path / "theirs.yaml"
    spec.write_text("runtime: external\nservers:\n" + "".join(
        f"  - {{id: {server.identity}, host: 127.0.0.1, ports: {{client: {server.client_port}, quorum: {quorum}, election: {election}}}}}\n"
        for server, (_, quorum, election) in ((each, ensemble.members[each.identity - 1].rsplit(":", 2)) for each in ensemble)))
    ended, out, err = aviary("check", spec, "--json")
    assert ended == 0 and json.loads(out) == [], (out, err)
    ensemble[1].kill()
    ended, out, _ = aviary("check", spec, "--json")
    codes = {each["code"] for each in json.loads(out)}
    assert ended == 1 and {"server-silent", "no-margin"} <= codes, out


@pytest.mark.parametrize("kind", ["aviary", "apache"])
def test_a_wrong_clock_of_a_server_that_somebody_else_starts(make_ensemble, aviary, tmp_path, kind):
    """Ours and Apache ZooKeeper's say when a session was opened: that is their clock."""
    ahead = wrong_clock(tmp_path, -20)
    if ahead is None:
        pytest.skip("no C compiler for a library that makes clocks wrong")
    ensemble = make_ensemble([kind] * 3)
    ensemble[2].environment = ahead
    ensemble.start().wait_ready()
    spec = tmp_path / "theirs.yaml"
    spec.write_text("runtime: external\nservers:\n" + "".join(
        f"  - {{id: {server.identity}, host: 127.0.0.{server.identity}, ports: {{client: {server.client_port}, quorum: {quorum}, "
        f"election: {election}}}}}\n"
        for server, (_, quorum, election) in ((each, ensemble.members[each.identity - 1].rsplit(":", 2)) for each in ensemble)))
    _, out, _ = aviary("check", spec, "--json")
    clocks = [each for each in json.loads(out) if each["code"] == "clock-differs"]
    assert [each["server"] for each in clocks] == [2], out
    assert "the clock of 127.0.0.2 is 20.0 s behind" in clocks[0]["text"] and clocks[0]["remedy"].startswith("ssh 127.0.0.2 ")
