"""Fixtures: servers that are stopped whatever happens, and a time limit on every test."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent / "conformance"))

from harness import clients, places  # noqa: E402
from harness.ensemble import Ensemble  # noqa: E402
from harness.server import Server  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--keep", action="store_true", help="leave the files of the servers where they are")
    parser.addoption("--under-test", default="aviary", choices=("aviary", "apache"),
                     help="what stands where Aviary's servers stand; `apache` proves the tests themselves")
    parser.addoption("--seeds", default="7", metavar="FIRST-LAST", help="random programs to compare, in test_conformance_live.py")
    parser.addoption("--operations", type=int, default=1000, help="how many requests each of them has")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--under-test") == "aviary":
        places.aviary_binary()  # fail once and clearly, rather than in every test
        return
    for item in items:
        if item.get_closest_marker("ours"):
            item.add_marker(pytest.mark.skip(reason="about Aviary alone"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Every test is bounded, fixtures included: a hang is a failure with a name."""
    marker = item.get_closest_marker("budget")
    seconds = marker.args[0] if marker else 90

    def late(*_):
        raise TimeoutError(f"over its budget of {seconds} s")
    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, f"report_{outcome.get_result().when}", outcome.get_result())


@pytest.fixture
def under_test(request):
    """The kind of server that is being tested."""
    return request.config.getoption("--under-test")


@pytest.fixture
def started(request):
    """A list whose members are stopped after the test; on failure the end of every server's log is shown."""
    things = []
    yield things
    report = getattr(request.node, "report_call", None)
    for each in things:
        each.kill()
    if report is not None and report.failed:
        for server in [s for each in things for s in (each if isinstance(each, Ensemble) else [each])]:
            print(f"---- {server}, last of its log ----\n{server.log[-1500:]}")


@pytest.fixture
def make_server(tmp_path, started, under_test):
    """make_server(kind=…, **config): one standalone server that is not started yet."""
    def make(kind=None, folder="server", properties=(), **config):
        server = Server(kind or under_test, tmp_path / folder, places.free_port(), config, properties=properties)
        started.append(server)
        return server
    return make


@pytest.fixture
def server(make_server):
    """One standalone server that serves."""
    return make_server().start().wait_serving()


@pytest.fixture
def make_ensemble(tmp_path, started, under_test):
    """make_ensemble(kinds or a number, **more): servers that are not started yet."""
    def make(kinds=3, **more):
        kinds = [under_test] * kinds if isinstance(kinds, int) else kinds
        ensemble = Ensemble(tmp_path, kinds, **more)
        started.append(ensemble)
        return ensemble
    return make


@pytest.fixture
def ensemble(make_ensemble):
    """Three servers that serve."""
    return make_ensemble(3).start().wait_ready()


@pytest.fixture
def aviary(tmp_path):
    """aviary(words…): (exit status, stdout, stderr) of the launcher; what it started is stopped after the test."""
    environment = dict(os.environ, AVIARY_HOME=str(tmp_path / "home"))

    def run(*words, seconds=60):
        ran = subprocess.run([places.aviary_binary(), *words], env=environment, text=True, capture_output=True,
                             stdin=subprocess.DEVNULL, timeout=seconds)
        return ran.returncode, ran.stdout, ran.stderr
    run.environment = environment
    yield run
    home = tmp_path / "home"
    for name in sorted(each.name for each in home.iterdir() if each.is_dir()) if home.exists() else []:
        run("down", "--purge", "--ensemble", name)


@pytest.fixture
def kazoo():
    """kazoo(addresses): connected clients, ended after the test."""
    made = []

    def make(addresses, **more):
        made.append(clients.kazoo(addresses, **more))
        return made[-1]
    yield make
    for each in made:
        clients.let_go(each)


@pytest.fixture(autouse=True)
def tidy_tmp(request, tmp_path):
    """Logs preallocate 64 MiB each: nothing of a test's data is kept once it is over."""
    yield
    if request.config.getoption("--keep"):
        return
    for each in tmp_path.iterdir():
        shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink()
