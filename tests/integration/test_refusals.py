"""What is refused before anything is touched, and who may speak at all."""

import dataclasses
import pathlib
import shutil
import socket
import ssl

import pytest

import ensemble as testing
from zoowarden_lab import command, keys, layout


@pytest.fixture(name="shared", scope="module")
def _shared(tmp_path_factory):
    """One ensemble for tests that change nothing."""
    made = testing.Ensemble(tmp_path_factory.mktemp("shared") / "the lab")
    yield made
    made.end()


def copy_of(release, folder: pathlib.Path):
    """A copy whose files may be spoilt."""
    for path in release.path.parent.glob("*"):
        shutil.copy(path, folder)
    return dataclasses.replace(release, path=folder / release.path.name)


def spoil_digest(release):
    with open(release.path, "r+b") as file:
        file.seek(-100, 2)
        file.write(b"x")


def wrong_signature(release):
    shutil.copy(testing.release("3.8.6").signature, release.signature)


def unknown_signer(release):
    release.signature.unlink()
    keys.sign(release.path, release.signature, keys.STRANGER)


def no_signature(release):
    release.signature.unlink()


@pytest.mark.parametrize("spoil", [spoil_digest, wrong_signature, unknown_signer, no_signature])
def test_a_release_that_does_not_verify_is_refused(shared, tmp_path, spoil):
    release = copy_of(testing.release("3.9.4"), tmp_path)
    spoil(release)
    before, text = shared.processes(), shared.ensemble_text
    outcome = shared.upgrade(release)
    assert outcome.code in (command.ERROR, command.REFUSED), outcome
    assert shared.processes() == before and shared.ensemble_text == text
    for server in shared.lab.servers:
        assert not list((server.directory / "releases").glob("3.9.4-*"))


@pytest.mark.parametrize("key,value", [("dataDir", "/elsewhere"), ("reconfigEnabled", "true"),
                                       ("standaloneEnabled", "false")])
def test_settings_that_cannot_be_rolled_are_named(shared, key, value):
    text = shared.ensemble_text
    try:
        shared.set_setting(key, value)
        outcome = shared.run("apply", "--yes")
    finally:
        shared.lab.ensemble_file.write_text(text, encoding="utf-8")
    assert outcome.code in (command.ERROR, command.USAGE, command.REFUSED), outcome
    assert key in outcome.out + outcome.err


def test_a_changed_port_is_refused_by_name(shared):
    text = shared.ensemble_text
    try:
        shared.lab.ensemble_file.write_text(
            text.replace("quorum_port: 12888", "quorum_port: 12889", 1), encoding="utf-8")
        outcome = shared.run("apply", "--yes")
    finally:
        shared.lab.ensemble_file.write_text(text, encoding="utf-8")
    assert outcome.code == command.REFUSED, outcome
    assert "quorum_port" in outcome.out + outcome.err or "12889" in outcome.out + outcome.err


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


def test_a_foreign_operator_is_refused(shared, tmp_path):
    foreign = tmp_path / "pki"
    assert shared.run("pki", "init", "--dir", foreign, "--ensemble", "lab").code == 0
    out = tmp_path / "operator"
    issued = shared.run("pki", "issue", "--dir", foreign, "--role", "operator", "--out", out)
    assert issued.code == 0, issued
    shutil.copy(shared.directory / "operator" / "ca.pem", out / "ca.pem")
    before = shared.processes()
    outcome = shared.run("upgrade", "--to", "3.9.4", "--release", testing.release("3.9.4").path,
                         "--yes", environment={"ZOOWARDEN_PKI": str(out)})
    assert outcome.code != command.SUCCEEDED, outcome
    assert shared.processes() == before


def test_a_viewer_may_look_and_not_touch(shared):
    viewer = {"ZOOWARDEN_PKI": str(shared.directory / "viewer")}
    assert shared.run("status", environment=viewer).code == 0
    before = shared.processes()
    outcome = shared.run("upgrade", "--to", "3.9.4", "--release", testing.release("3.9.4").path,
                         "--yes", environment=viewer)
    assert outcome.code == 4, outcome
    assert shared.processes() == before


def test_one_voter_is_not_stopped_without_saying_so(make_ensemble):
    made = make_ensemble(servers=1)
    before = made.processes()
    outcome = made.upgrade(testing.release("3.8.6"))
    assert outcome.code == command.REFUSED, outcome
    assert "--allow-outage" in outcome.out + outcome.err
    assert made.processes() == before
    outcome = made.upgrade(testing.release("3.8.6"), "--allow-outage")
    assert outcome.code == 0, outcome
    assert set(made.versions().values()) == {"3.8.6"}
