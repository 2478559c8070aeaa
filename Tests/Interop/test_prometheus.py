"""The endpoint for Prometheus: names of Apache ZooKeeper's provider, read by a real Prometheus."""
import json
import re
import shutil
import subprocess
import urllib.parse

import pytest

from harness import admin, places
from harness.admin import ask, command
from harness.waiting import eventually

pytestmark = pytest.mark.ours
PROVIDER = "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider"
# What dashboards, alerts and agents read (the monitoring guide, Grafana's dashboard 10465, mixins).
DASHBOARDS = """znode_count num_alive_connections approximate_data_size watch_count election_time_count
open_file_descriptor_count max_file_descriptor_count fsynctime_sum snapshottime_sum avg_latency max_latency min_latency
quorum_size synced_followers learners pending_syncs outstanding_requests packets_received packets_sent global_sessions
ephemerals_count leader_uptime leader_unavailable_time_count proposal_count commit_count snap_count diff_count
readlatency_count updatelatency_count uptime jvm_memory_bytes_used jvm_memory_bytes_max process_open_fds process_max_fds
process_resident_memory_bytes process_cpu_seconds_total process_start_time_seconds jvm_threads_current""".split()


def with_metrics(**more):
    port = places.free_port()
    return port, {"metricsProvider.className": PROVIDER, "metricsProvider.httpPort": port, **more}


def test_the_names_are_those_of_the_monitor_command_of_apache_zookeeper(make_server, kazoo):
    port, config = with_metrics()
    ours = make_server("aviary", folder="ours", **config).start().wait_serving()
    admin_port = places.free_port()
    theirs = make_server("apache", folder="theirs", **{"admin.enableServer": "true", "admin.serverPort": admin_port})
    theirs.start().wait_serving()
    for server in (ours, theirs):
        client = kazoo(server.address)
        client.ensure_path("/a/b")
        client.get("/a/b")
    eventually(lambda: ask(admin_port, "/commands/ruok")[0] == 200, 20, "the AdminServer")
    status, headers, body = ask(port, "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", body.decode(), re.M))
    wanted = {}
    for key in command(admin_port, "monitor"):
        if key in ("command", "error", "version", "server_state", "avg_latency", "max_latency", "min_latency"):
            continue
        summary = re.fullmatch(r"(avg|min|max|cnt|sum|p50|p95|p99|p999)_(?:a_|zookeeper_)?(.+)", key)
        if summary and not key.endswith("client_response_size") and key not in ("max_file_descriptor_count",):
            wanted[summary[2]] = "summary"
        else:
            wanted[key] = None
    missing = [key for key, kind in wanted.items() if key not in types or kind and types[key] != kind]
    assert not missing
    # Advanced summaries have three quantiles, basic ones a middle.
    text = body.decode()
    assert re.search(r'^readlatency\{quantile="0.99"\} \d', text, re.M)
    assert re.search(r'^fsynctime\{quantile="0.5"\} \d', text, re.M)
    assert re.search(r'^read_per_namespace_count\{key="a"\} 1.0$', text, re.M)
    only = ask(port, "/metrics?name%5B%5D=znode_count")[2].decode()
    assert re.findall(r"^[a-z]\S* .*$", only, re.M) == ["znode_count 7.0"]


@pytest.mark.budget(120)
def test_a_real_prometheus_scrapes_an_ensemble(make_ensemble, kazoo, tmp_path):
    assert shutil.which("prometheus"), "Tests/Interop/setup.sh brings it in"
    ensemble = make_ensemble(3)
    ports = {}
    for server in ensemble:
        ports[server.identity], config = with_metrics()
        server.config.update(config)
        server.write_files()
    ensemble.start().wait_ready()
    client = kazoo(ensemble.addresses)
    client.ensure_path("/a/b")
    for number in range(20):
        client.set("/a/b", b"%d" % number)
        client.get("/a/b")
    targets = ", ".join(f"'127.0.0.1:{port}'" for port in ports.values())
    (tmp_path / "prometheus.yml").write_text(
        f"global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}\n"
        f"scrape_configs: [{{job_name: zookeeper, static_configs: [{{targets: [{targets}]}}]}}]\n")
    port = places.free_port()
    with open(tmp_path / "prometheus.log", "wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], stdout=log, stderr=log)

    def query(expression):
        status, _, body = ask(port, "/api/v1/query?query=" + urllib.parse.quote(expression))
        assert status == 200, body
        return json.loads(body)["data"]["result"]

    def answers():
        try:
            return ask(port, "/-/ready")[0] == 200
        except OSError:
            return False
    try:
        eventually(answers, 30, "Prometheus ready")
        eventually(lambda: [each["value"][1] for each in query("up")] == ["1"] * 3, 30, "three targets up")
        missing = [name for name in DASHBOARDS if not query(name)]
        assert not missing
        leader = f"127.0.0.1:{ports[ensemble.leader().identity]}"
        assert float(query(f'synced_followers{{instance="{leader}"}}')[0]["value"][1]) == 2
        assert float(query(f'proposal_count{{instance="{leader}"}}')[0]["value"][1]) >= 23
        assert {each["value"][1] for each in query("quorum_size")} == {"3"}
        eventually(lambda: query("increase(packets_received[5s])"), 20, "a rate")
        assert query("jvm_memory_bytes_used / jvm_memory_bytes_max < 0.8")
        assert query('readlatency{quantile="0.99"}')
    finally:
        process.terminate()
        process.wait(20)
