"""One agent alone, without a ZooKeeper, and clients that wish it ill: it goes on answering its own."""

import json
import os
import resource
import socket
import ssl
import subprocess
import time

import pytest

from zoowarden_lab import layout, probes

_HOST, _PORT = "127.0.77.1", 17443
# As a login shell gives them, and a service without limits of its own.
_SOFT, _HARD = 1024, min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)


def _zoowarden(home, *words) -> subprocess.CompletedProcess:
    return subprocess.run([layout.program("zoowarden"), *map(str, words)], text=True, timeout=60,
                          capture_output=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(home),
                               "ZOOWARDEN_ENSEMBLE": str(home / "ensemble.yaml"),
                               "ZOOWARDEN_PKI": str(home / "operator"),
                               "ZOOWARDEN_STATE": str(home / "controller")})


def _limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (_SOFT, _HARD))


class Agent:
    """An agent of server 1, its keys and an operator's, below `home`."""

    def __init__(self, home):
        self.home = home
        self.issue("pki", "init", "--dir", home / "ca", "--ensemble", "lab")
        self.issue("pki", "issue", "--dir", home / "ca", "--role", "agent", "--server", 1,
                   "--out", home / "agent")
        self.issue("pki", "issue", "--dir", home / "ca", "--role", "operator",
                   "--out", home / "operator")
        keys = home / "agent"
        (home / "agent.yaml").write_text(
            f"ensemble: lab\nserver: 1\nlisten: {_HOST}:{_PORT}\n"
            f"pki: {{ca: {keys}/ca.pem, certificate: {keys}/cert.pem, key: {keys}/key.pem}}\n"
            f"state_directory: {home}/state\n"
            f"instance: {{releases: {home}/releases, generations: {home}/generations, "
            f"data_directory: {home}/data, log_directory: {home}/logs, manager: zkserver}}\n",
            encoding="utf-8")
        (home / "ensemble.yaml").write_text(
            "ensemble: lab\n"
            f"release: {{version: 3.9.4, source: a.tar.gz, sha512: \"{'1' * 128}\"}}\n"
            "config: {settings: {tickTime: 2000, initLimit: 10, syncLimit: 5}}\n"
            f"servers:\n  - {{id: 1, host: {_HOST}, agent: \"{_HOST}:{_PORT}\"}}\n",
            encoding="utf-8")
        with open(home / "log", "ab") as log:
            # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
            self.process = subprocess.Popen(
                [layout.program("zoowarden-agent"), "--config", home / "agent.yaml"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_limit_descriptors)
        probes.wait_until(self.listens, 30, "the agent listens")

    def issue(self, *words):
        done = _zoowarden(self.home, *words)
        assert done.returncode == 0, done

    def listens(self) -> bool:
        try:
            socket.create_connection((_HOST, _PORT), 1).close()
            return True
        except OSError:
            return False

    def end(self):
        self.process.terminate()
        self.process.wait(20)

    def answers(self) -> bool:
        """Whether a new connection of its controller is served."""
        return _zoowarden(self.home, "audit", "show").returncode == 0

    def rows(self) -> list:
        shown = _zoowarden(self.home, "audit", "show", "-o", "json")
        assert shown.returncode == 0, shown
        return json.loads(shown.stdout)["servers"][0]["rows"]

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@pytest.fixture(name="agent", scope="module")
def _agent(tmp_path_factory):
    made = Agent(tmp_path_factory.mktemp("hostile"))
    yield made
    made.end()


def _context(agent, keys="") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(agent.home / "operator" / "ca.pem")
    context.set_alpn_protocols(["h2"])
    if keys:
        context.load_cert_chain(agent.home / keys / "cert.pem", agent.home / keys / "key.pem")
    return context


def _is_served(context) -> bool:
    """Whether the server lets this client begin: with TLS 1.3 it judges after our handshake."""
    with socket.create_connection((_HOST, _PORT), 5) as plain:
        try:
            with context.wrap_socket(plain) as secured:
                secured.settimeout(10)
                # HTTP/2: the preface and empty settings.
                secured.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
                return bool(secured.recv(9))
        except (ssl.SSLError, ConnectionError):
            return False


def test_an_operator_is_served(agent):
    assert _is_served(_context(agent, "operator")) and agent.answers()


def test_nobody_is_served_without_a_certificate(agent):
    assert not _is_served(_context(agent))


def test_nobody_is_served_with_a_certificate_of_a_foreign_authority(agent):
    agent.issue("pki", "init", "--dir", agent.home / "foreign", "--ensemble", "lab")
    agent.issue("pki", "issue", "--dir", agent.home / "foreign", "--role", "operator",
                "--out", agent.home / "foreign-operator")
    assert not _is_served(_context(agent, "foreign-operator"))


def test_nobody_is_served_with_tls_1_2(agent):
    context = _context(agent, "operator")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert not _is_served(context)


def test_nobody_is_served_in_plain_text(agent):
    with socket.create_connection((_HOST, _PORT), 5) as plain:
        plain.settimeout(20)
        plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        received = b""
        try:
            while piece := plain.recv(4096):
                received += piece
        except ConnectionError:
            pass
        # At most a TLS alert (type 21), never a frame of HTTP/2.
        assert not received or received[0] == 21


def test_another_agents_certificate_is_refused_and_named_in_the_audit(agent):
    agent.issue("pki", "issue", "--dir", agent.home / "ca", "--role", "agent", "--server", 2,
                "--out", agent.home / "agent-2")
    done = _zoowarden(agent.home, "--pki", agent.home / "agent-2", "audit", "show")
    assert done.returncode == 4 and "role agent may not call" in done.stderr, done
    assert any(row["caller"] == "zoowarden://lab/agent/2" and row["reason"] == "rpc.not_allowed"
               for row in agent.rows())


def test_three_thousand_silent_connections_are_dropped_and_the_controller_is_served(agent):
    if _HARD < 4096:
        pytest.skip(f"this machine allows {_HARD} descriptors to a process")
    resource.setrlimit(resource.RLIMIT_NOFILE, (_HARD, _HARD))
    before = agent.descriptors()
    silent = []
    try:
        for _ in range(3000):
            silent.append(socket.create_connection((_HOST, _PORT), 10))
        assert agent.answers()
        probes.wait_until(lambda: agent.descriptors() < before + 100, 60, "they are dropped")
    finally:
        for one in silent:
            one.close()
    assert agent.answers()


def test_handshakes_a_byte_a_second_are_dropped(agent):
    with socket.create_connection((_HOST, _PORT), 5) as slow:
        slow.settimeout(1)
        began = time.monotonic()
        # The beginning of a client's hello that would be 512 bytes long.
        for byte in bytes([22, 3, 1, 2, 0]) + bytes(60):
            try:
                slow.sendall(bytes([byte]))
                if slow.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert time.monotonic() - began < 30, "the agent waits for ever"
    assert agent.answers()


def test_rubbish_is_survived(agent):
    for rubbish in (os.urandom(4096), bytes([22, 3, 3, 255, 255]) + os.urandom(70000),
                    b"GET / HTTP/1.1\r\n\r\n" * 1000):
        with socket.create_connection((_HOST, _PORT), 5) as plain:
            try:
                plain.sendall(rubbish)
            except ConnectionError:
                pass
    assert agent.answers() and agent.process.poll() is None
