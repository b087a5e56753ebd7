"""One agent alone, without a ZooKeeper, and clients that wish it ill: it goes on answering its own."""

import os
import resource
import socket
import ssl
import subprocess
import time

import pytest

import raw_http2
from lone_agent import HARD, HOST, PORT, Agent, connect_silently, zoowarden
from zoowarden_lab import probes

# Somebody else on the network: his connections are counted apart from the controller's.
_STRANGER = "127.0.88.1"
_GET_LEASE = "/zoowarden.v1.LeaseService/GetLease"


@pytest.fixture(name="agent", scope="module")
def _agent(tmp_path_factory):
    made = Agent(tmp_path_factory.mktemp("hostile"), crl=True)
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
    with socket.create_connection((HOST, PORT), 5) as plain:
        try:
            with context.wrap_socket(plain) as secured:
                secured.settimeout(10)
                secured.sendall(raw_http2.OPENING)
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
    with socket.create_connection((HOST, PORT), 5) as plain:
        plain.settimeout(20)
        plain.sendall(raw_http2.OPENING)
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
    done = zoowarden(agent.home, "--pki", agent.home / "agent-2", "audit", "show")
    assert done.returncode == 4 and "role agent may not call" in done.stderr, done
    assert any(row["caller"] == "zoowarden://lab/agent/2" and row["reason"] == "rpc.not_allowed"
               for row in agent.rows())


@pytest.fixture(name="many_descriptors")
def _many_descriptors():
    """For this process, which connects thousands of times."""
    if HARD < 4096:
        pytest.skip(f"this machine allows {HARD} descriptors to a process")
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (HARD, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, usual)


@pytest.mark.usefixtures("many_descriptors")
def test_three_thousand_silent_connections_are_bounded_and_the_controller_is_served(agent):
    before = agent.descriptors()
    most = before
    silent = []
    try:
        for _ in range(30):
            silent += connect_silently(100, _STRANGER)
            most = max(most, agent.descriptors())
        assert agent.answers()
        assert before + 100 < most < before + 300, "256 from one address"
        probes.wait_until(lambda: agent.descriptors() < before + 50, 60, "they are dropped")
    finally:
        for one in silent:
            one.close()
    assert agent.answers()
    assert "connections=refused" in agent.said()


@pytest.mark.usefixtures("many_descriptors")
def test_silent_connections_from_everywhere_are_bounded_too(agent):
    before = agent.descriptors()
    silent = []
    try:
        for i in range(2, 12):
            silent += connect_silently(200, f"127.0.88.{i}")
        probes.wait_until(lambda: agent.descriptors() > before + 1000, 30, "1,024 are held")
        assert agent.descriptors() < before + 1100
        # New ones have to wait now, until the first of those are dropped.
        probes.wait_until(agent.answers, 30, "the controller is served")
    finally:
        for one in silent:
            one.close()


def test_handshakes_a_byte_a_second_are_dropped(agent):
    with socket.create_connection((HOST, PORT), 5) as slow:
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


def _send(slow, byte) -> bool:
    """Whether the agent still listens to it."""
    try:
        slow.sendall(byte)
        slow.setblocking(False)
        return slow.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@pytest.mark.usefixtures("many_descriptors")
def test_three_hundred_handshakes_a_byte_a_second_leave_the_controller_its_answers(agent):
    before = agent.descriptors()
    slow = connect_silently(150, "127.0.88.20") + connect_silently(150, "127.0.88.21")
    everyone = list(slow)
    hello = bytes([22, 3, 1, 2, 0]) + bytes(60)
    began = time.monotonic()
    answered = 0
    try:
        probes.wait_until(lambda: agent.descriptors() >= before + 300, 10, "they are all held")
        for at in range(len(hello)):
            slow = [one for one in slow if _send(one, hello[at:at + 1])]
            if not slow:
                break
            turn = time.monotonic()
            assert agent.answers(), f"{len(slow)} slow ones keep the controller out"
            answered += 1
            time.sleep(max(0, began + at + 1 - time.monotonic()))
            assert time.monotonic() - turn < 5, "the controller waits for strangers"
        assert not slow and time.monotonic() - began < 40, "the agent waits for ever"
        assert answered >= 5, "they were gone before the controller was asked among them"
        probes.wait_until(lambda: agent.descriptors() < before + 50, 20, "they are dropped")
    finally:
        for one in everyone:
            one.close()


def test_rubbish_is_survived(agent):
    for rubbish in (os.urandom(4096), bytes([22, 3, 3, 255, 255]) + os.urandom(70000),
                    b"GET / HTTP/1.1\r\n\r\n" * 1000):
        with socket.create_connection((HOST, PORT), 5) as plain:
            try:
                plain.sendall(rubbish)
            except ConnectionError:
                pass
    assert agent.answers() and agent.process.poll() is None


def _certificate(agent, name, uris, since="20200101000000Z", until="20490101000000Z"):
    """A certificate of the agent's own authority that `zoowarden pki` would not make."""
    at = agent.home / name
    at.mkdir()
    names = ",".join(f"URI:{uri}" for uri in uris) or "DNS:nobody"
    (at / "conf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={at}/index\nnew_certs_dir={at}\nrand_serial=yes\n"
        "default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n"
        f"[e]\nsubjectAltName={names}\nbasicConstraints=CA:FALSE\n"
        "extendedKeyUsage=clientAuth,serverAuth\nsubjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid\n", encoding="utf-8")
    (at / "index").touch()
    ca = agent.home / "ca"
    for words in (["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-keyout", at / "key.pem", "-out", at / "request", "-subj", "/CN=somebody"],
                  ["ca", "-batch", "-notext", "-config", at / "conf", "-cert", ca / "ca.pem",
                   "-keyfile", ca / "ca.key", "-in", at / "request", "-out", at / "cert.pem",
                   "-startdate", since, "-enddate", until]):
        done = subprocess.run(["openssl", *map(str, words)], check=False, capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    return name


def _call(agent, keys, message=b"", announced=None) -> str:
    """As raw_http2.Call.outcome, or "no connection", with those keys."""
    with socket.create_connection((HOST, PORT), 5) as plain:
        try:
            with _context(agent, keys).wrap_socket(plain) as secured:
                call = raw_http2.Call(secured, _GET_LEASE)
                call.send(message, announced)
                return call.wait()
        except (ssl.SSLError, ConnectionError):
            return "no connection"


def _unknown_field(size) -> bytes:
    """A message that every method can read: number 15, bytes of that length."""
    length = b""
    left = size
    while left > 0x7f:
        length += bytes([left & 0x7f | 0x80])
        left >>= 7
    return b"\x7a" + length + bytes([left]) + bytes(size)


def test_a_client_with_good_keys_is_answered(agent):
    assert _call(agent, "operator") == "answered"


@pytest.mark.parametrize("name, uris, reason", [
    ("no-name", [], "rpc.no_identity"),
    ("two-names", ["zoowarden://lab/operator", "zoowarden://lab/viewer"], "rpc.no_identity"),
    ("strange-name", ["spiffe://lab/operator"], "rpc.no_identity"),
    ("strange-role", ["zoowarden://lab/root"], "rpc.no_identity"),
    ("other-ensemble", ["zoowarden://payments/operator"], "rpc.other_ensemble")])
def test_a_certificate_with_another_name_is_refused(agent, name, uris, reason):
    before = len(agent.rows())
    keys = _certificate(agent, name, uris)
    assert _call(agent, keys) == "ended"
    assert [row["reason"] for row in agent.rows()[before:]] == [reason]


def test_one_that_the_authority_signed_by_hand_is_served(agent):
    """What those above differ in is their name only."""
    keys = _certificate(agent, "by-hand", ["zoowarden://lab/operator"])
    assert _call(agent, keys) == "answered"


@pytest.mark.parametrize("name, since, until", [
    ("expired", "20200101000000Z", "20200201000000Z"),
    ("not-yet", "20480101000000Z", "20490101000000Z")])
def test_a_certificate_out_of_its_time_is_not_served(agent, name, since, until):
    keys = _certificate(agent, name, ["zoowarden://lab/operator"], since, until)
    assert not _is_served(_context(agent, keys))
    assert _call(agent, keys) != "answered"


def test_a_revoked_certificate_is_refused_from_the_next_call_on(agent):
    agent.issue("pki", "issue", "--dir", agent.home / "ca", "--role", "operator",
                "--out", agent.home / "lost")
    assert _call(agent, "lost") == "answered"
    agent.issue("pki", "revoke", "--dir", agent.home / "ca", agent.home / "lost" / "cert.pem")
    agent.issue("pki", "crl", "--dir", agent.home / "ca", "--out", agent.home / "new.pem")
    os.replace(agent.home / "new.pem", agent.home / "crl.pem")
    assert _call(agent, "lost") == "ended"
    assert any(row["reason"] == "pki.revoked" for row in agent.rows())


def test_messages_over_the_limit_are_refused_and_those_below_are_read(agent):
    assert _call(agent, "operator", _unknown_field(3 << 20)) == "answered"
    for size in (5 << 20, 64 << 20):
        assert _call(agent, "operator", _unknown_field(size)) == "ended", size


def test_messages_that_are_announced_as_endless_are_bounded(agent):
    """gRPC takes them in until all of its memory is used, 64 MiB, and then ends the call."""
    first = agent.resident()
    for announced in (64 << 20, 0x7fffffff, 0xffffffff):
        assert _call(agent, "operator", bytes(128 << 20), announced) == "ended", announced
        assert agent.most_resident() < first + (96 << 20), announced
    assert agent.answers()


def test_nothing_but_its_port_is_open_to_others(agent):
    """No socket of the machine leads to it, and no other port."""
    inodes = {os.readlink(f"/proc/{agent.process.pid}/fd/{fd}")
              for fd in os.listdir(f"/proc/{agent.process.pid}/fd")}
    with open(f"/proc/{agent.process.pid}/net/unix", encoding="ascii", errors="replace") as table:
        listening = [line for line in table.read().splitlines()[1:]
                     # Flags, state and inode: it accepts connections.
                     if line.split()[3] == "00010000" and f"socket:[{line.split()[6]}]" in inodes]
    assert not listening
    open_ports = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with open(f"/proc/{agent.process.pid}/net/{table}", encoding="ascii") as lines:
            for line in lines.read().splitlines()[1:]:
                fields = line.split()
                if f"socket:[{fields[9]}]" in inodes and (fields[3] == "0A" or "udp" in table):
                    open_ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    assert open_ports == {PORT}
