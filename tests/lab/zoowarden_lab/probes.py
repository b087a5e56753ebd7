"""How the lab itself looks at members: the four-letter word srvr and the AdminServer.

Independent of the code under test on purpose.
"""

import json
import socket
import time
import urllib.error
import urllib.request

from .errors import LabError
from .layout import ADMIN_PORT, AGENT_PORT, CLIENT_PORT, Lab, Server


def _ask(host: str, port: int, word: str, timeout: float) -> str:
    try:
        with socket.create_connection((host, port), timeout) as peer:
            peer.settimeout(timeout)
            peer.sendall(word.encode("ascii"))
            parts = []
            while part := peer.recv(65536):
                parts.append(part)
    except OSError:
        return ""
    return b"".join(parts).decode("utf-8", "replace")


def srvr(server: Server, timeout: float = 1.0) -> dict:
    """Key → value of the member's srvr answer; the version under "version". Empty: no answer."""
    lines = _ask(server.host, CLIENT_PORT, "srvr", timeout).splitlines()
    found = dict(line.split(": ", 1) for line in lines if ": " in line)
    for line in lines:
        if line.startswith("Zookeeper version: "):
            found["version"] = line.split(": ", 1)[1].split("-")[0]
    return found


def mode(server: Server, timeout: float = 1.0) -> str:
    """"leader", "follower", "observer", "standalone", or "" while it does not serve."""
    return srvr(server, timeout).get("Mode", "")


def zxid(server: Server) -> int:
    """What the member has applied; 0 while it does not serve."""
    return int(srvr(server).get("Zxid", "0x0"), 16)


def peer_state(server: Server, timeout: float = 1.0) -> str:
    """"leading - broadcast" and the like; "" where the AdminServer does not tell."""
    url = f"http://{server.host}:{ADMIN_PORT}/commands/monitor"
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return json.load(answer).get("peer_state", "")
    except (OSError, ValueError, urllib.error.URLError):
        return ""


def listens(server: Server, port: int) -> bool:
    try:
        socket.create_connection((server.host, port), 0.5).close()
    except OSError:
        return False
    return True


def leader(lab: Lab) -> int:
    """The leader's id; 0 unless exactly one member leads."""
    leading = [server.id for server in lab.servers if mode(server) == "leader"]
    return leading[0] if len(leading) == 1 else 0


def serves(lab: Lab) -> bool:
    """One leader, everybody else follows or observes, and all have reached broadcast.

    A lab of one server serves as standalone.
    """
    modes = [mode(server) for server in lab.servers]
    if len(modes) == 1:
        return modes == ["standalone"]
    wanted = {"leader", "follower", "observer"}
    if modes.count("leader") != 1 or not set(modes) <= wanted:
        return False
    states = [peer_state(server) for server in lab.servers]
    return all(not state or state.endswith("broadcast") for state in states)


def wait_until(condition, seconds: float, what: str, interval: float = 0.05):
    """Returns the condition's first true value; LabError after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"not within {seconds:g} s: {what}")
        time.sleep(interval)


def wait_serving(lab: Lab, seconds: float = 90) -> None:
    wait_until(lambda: serves(lab), seconds, "the ensemble serves, with one leader")


def wait_agent(server: Server, seconds: float = 30) -> None:
    wait_until(lambda: listens(server, AGENT_PORT), seconds,
               f"the agent of server {server.id} listens; see {server.agent_log}")
