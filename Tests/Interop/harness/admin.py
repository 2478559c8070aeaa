"""Questions over HTTP, and the shape of what comes back."""
import json
import urllib.error
import urllib.request

COMMANDS = """configuration connection_stat_reset connections dirs dump environment get_trace_mask hash
initial_configuration is_read_only last_snapshot leader monitor observer_connection_stat_reset observers ruok
server_stats set_trace_mask stat_reset stats system_properties voting_view watch_summary watches watches_by_path
zabstate""".split()
ALIASES = {"conf": "configuration", "config": "configuration", "crst": "connection_stat_reset", "cons": "connections",
           "env": "environment", "envi": "environment", "gtmk": "get_trace_mask", "icfg": "initial_configuration",
           "isro": "is_read_only", "lsnp": "last_snapshot", "lead": "leader", "mntr": "monitor",
           "orst": "observer_connection_stat_reset", "obsr": "observers", "srvr": "server_stats",
           "stmk": "set_trace_mask", "srst": "stat_reset", "stat": "stats", "sysp": "system_properties",
           "wchs": "watch_summary", "wchc": "watches", "wchp": "watches_by_path", "rest": "restore", "snap": "snapshot"}


def ask(port, path, method="GET", headers=None, data=None, seconds=20):
    """(status, headers, body) whatever the status."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, headers=headers or {}, data=data)
    try:
        answer = urllib.request.urlopen(request, timeout=seconds)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, dict(answer.headers), answer.read()


def command(port, name, **more):
    """The JSON of a command, in its order."""
    status, headers, body = ask(port, f"/commands/{name}", **more)
    assert status == 200, (name, status, body)
    assert headers["Content-Type"] == "application/json"
    return json.loads(body)


def shape(value, strip=()):
    """Names and kinds without the values; an int where Java says so is no float."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items() if key not in strip}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__
