"""What `aviary render` writes: manifests that Kubernetes takes, units that systemd takes, and servers that run from them.
Compose files and the pods of a stateful set are started in test_image.py."""
import os
import re
import shlex
import shutil
import socket
import subprocess

import pytest

from harness import places
from harness.waiting import eventually

pytestmark = [pytest.mark.ours, pytest.mark.budget(60)]
SPEC = """version: 1
ensemble: orders
config: {tickTime: 500, 4lw.commands.whitelist: "*", maxClientCnxns: 77}
servers:
"""


def word(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def render(*words):
    ran = subprocess.run([places.aviary_binary(), "render", *map(str, words)], capture_output=True, text=True, timeout=20)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("version", ["1.30", "1.36"])
@pytest.mark.parametrize("spec", [[], [places.ROOT / "conf/observers.yaml", "--first", "3"], [places.ROOT / "conf/secured.yaml"],
                                  [places.ROOT / "conf/hierarchical.yaml", "--image", "example.com/aviary:1"]])
def test_manifests_are_valid(spec, version):
    validate = pytest.importorskip("kubernetes_validate")
    import yaml
    documents = list(yaml.safe_load_all(render("kubernetes", *spec)))
    kinds = [document["kind"] for document in documents]
    assert kinds == ["Service", "Service", "PodDisruptionBudget", "Secret", "ConfigMap", "StatefulSet", "Job"]
    for document in documents:
        validate.validate(document, version, strict=True)
    [container] = documents[5]["spec"]["template"]["spec"]["containers"]
    names = [variable["name"] for variable in container["env"]]
    assert len(names) == len(set(names)), names
    wants_tls = "secured.yaml" in str(spec)
    assert ({"name": "client-tls", "containerPort": 2281} in container["ports"]) == wants_tls
    assert ({"name": "ZOO_CFG_secureClientPort", "value": "2281"} in container["env"]) == wants_tls
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert mounted == {"/data", "/conf"} | ({f"/etc/zookeeper/{name}" for name in ("server.p12", "trust.pem", "quorum.p12")}
                                            if wants_tls else set())
    # The validator knows what is wrong.
    documents[5]["spec"]["template"]["spec"]["containers"][0]["image"] = 7
    with pytest.raises(validate.ValidationError):
        validate.validate(documents[5], version, strict=True)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
@pytest.mark.parametrize("spec", [[], [places.ROOT / "conf/multi-host.yaml"]])
def test_units_are_valid(tmp_path, spec):
    files = render("systemd", *spec, "--binary", places.aviary_binary(), "--out", tmp_path / "units").split()
    ran = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0 and not ran.stderr, ran.stderr
    # The verifier knows what is wrong.
    broken = tmp_path / "broken.service"
    broken.write_text(open(files[0]).read().replace("Restart=always", "Restart=perhaps"))
    assert "perhaps" in subprocess.run(["systemd-analyze", "verify", str(broken)], capture_output=True, text=True).stderr


def test_servers_run_from_their_units(tmp_path, started, kazoo):
    """The command and the environment of each unit, as systemd would have them; only /var/lib is elsewhere."""
    ports = [places.free_port() for _ in range(9)]
    spec = tmp_path / "orders.yaml"
    spec.write_text(SPEC + "".join(
        f"  - {{id: {number}, ports: {{client: {ports[3 * number - 3]}, quorum: {ports[3 * number - 2]}, "
        f"election: {ports[3 * number - 1]}}}}}\n" for number in (1, 2, 3)))
    units = render("systemd", spec, "--binary", places.aviary_binary(), "--out", tmp_path / "units").split()
    running = []
    try:
        for unit in units:
            text = open(unit).read().replace("/var/lib/aviary", str(tmp_path / "state"))
            environment = dict(os.environ)
            for line in re.findall("^Environment=(.*)$", text, re.M):
                name, value = shlex.split(line)[0].split("=", 1)
                environment[name] = value
            [command] = re.findall("^ExecStart=(.*)$", text, re.M)
            running.append(subprocess.Popen(shlex.split(command), env=environment, stdout=subprocess.DEVNULL))
        clients = [ports[0], ports[3], ports[6]]
        client = kazoo(",".join(f"127.0.0.1:{port}" for port in clients))
        client.create("/unit", b"file")
        eventually(lambda: all("Mode: " in word(port, "srvr") for port in clients), 20, "all three serve")
        assert "maxClientCnxns=77" in word(clients[0], "conf")
    finally:
        for process in running:
            process.terminate()
        codes = [process.wait(15) for process in running]
    assert codes == [0, 0, 0]


def test_what_cannot_be_rendered_is_said(tmp_path):
    spec = tmp_path / "gap.yaml"
    spec.write_text("servers: [{id: 1}, {id: 3}, {id: 4}]\n")
    ran = subprocess.run([places.aviary_binary(), "render", "kubernetes", str(spec)], capture_output=True, text=True, timeout=20)
    assert ran.returncode == 65 and "numbered without gaps" in ran.stderr
