"""Who may not speak at all, and whose releases nobody installs."""

import os
import resource
import shutil
import socket
import ssl

import pytest

import ensemble as testing
from zoowarden_lab import command, keys, layout, probes


@pytest.fixture(name="shared", scope="module")
def _shared(tmp_path_factory):
    """One ensemble, for tests that change nothing."""
    made = testing.Ensemble(tmp_path_factory.mktemp("strangers") / "the lab")
    yield made
    made.end()


def test_a_release_signed_by_an_unknown_key_is_refused(shared, tmp_path):
    good = testing.release("3.9.4")
    for suffix in ("", ".sha512"):
        shutil.copy(f"{good.path}{suffix}", tmp_path)
    archive = tmp_path / good.path.name
    keys.sign(archive, tmp_path / f"{archive.name}.asc", keys.STRANGER)
    before, text = shared.processes(), shared.ensemble_text
    outcome = shared.run("upgrade", "--to", "3.9.4", "--release", archive, "--yes")
    assert outcome.code in (command.ERROR, command.REFUSED), outcome
    assert "sign" in outcome.out + outcome.err
    assert shared.processes() == before and shared.ensemble_text == text
    for server in shared.lab.servers:
        assert not list((server.directory / "releases").glob("3.9.4-*"))


def test_who_uses_up_an_agents_descriptors_stops_neither_it_nor_its_zookeeper(shared):
    server, agent, before = shared.lab.server(1), shared.agent(1), shared.processes()
    few = len(os.listdir(f"/proc/{agent.pid}/fd")) + 8
    resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (few, few))
    silent = []
    try:
        for _ in range(200):
            silent.append(socket.create_connection((server.host, layout.AGENT_PORT), 10,
                                                   source_address=("127.0.88.1", 0)))
        probes.wait_until(lambda: "no descriptor is free" in server.agent_log.read_text("utf-8"), 30,
                          "none is left")
        assert probes.serves(shared.lab)
        # Silent ones are dropped after 5 s, however many wait behind them.
        probes.wait_until(lambda: shared.run("audit", "verify").code == 0, 60, "it answers again")
        assert shared.agent(1) == agent
        assert shared.processes() == before and probes.serves(shared.lab)
    finally:
        for one in silent:
            one.close()
        shared.restart_agent(1)  # with all of its descriptors


def test_tls_1_2_is_refused(shared):
    server = shared.lab.server(1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(shared.directory / "operator" / "ca.pem")
    context.load_cert_chain(shared.directory / "operator" / "cert.pem",
                            shared.directory / "operator" / "key.pem")
    context.set_alpn_protocols(["h2"])

    def handshake():
        with socket.create_connection((server.host, layout.AGENT_PORT), 5) as plain:
            with context.wrap_socket(plain) as secured:
                return secured.version()

    assert handshake() == "TLSv1.3"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        handshake()


def test_an_operator_of_another_authority_is_refused(shared, tmp_path):
    foreign, out = tmp_path / "pki", tmp_path / "operator"
    made = shared.run("pki", "init", "--dir", foreign, "--ensemble", "lab")
    assert made.code == 0, made
    made = shared.run("pki", "issue", "--dir", foreign, "--role", "operator", "--out", out)
    assert made.code == 0, made
    shutil.copy(shared.directory / "operator" / "ca.pem", out / "ca.pem")
    before = shared.processes()
    outcome = shared.run("upgrade", "--to", "3.9.4", "--release", testing.release("3.9.4").path,
                         "--yes", environment={"ZOOWARDEN_PKI": str(out)})
    assert outcome.code not in (command.SUCCEEDED, command.ROLLED_BACK), outcome
    assert shared.processes() == before
