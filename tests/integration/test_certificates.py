"""docs/certificates.md, step by step: real programs, an agent that is never restarted."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

from zoowarden_lab import probes
from zoowarden_lab.layout import program

HOST, AGENT_PORT, LISTENER_PORT = "127.0.77.1", 17943, 17944

AGENT = """ensemble: payments
server: 1
listen: {host}:{port}
pki:
  ca: {at}/pki/ca.pem
  certificate: {at}/pki/cert.pem
  key: {at}/pki/key.pem
  crl: {at}/crl.pem
state_directory: {at}/state
instance:
  releases: {at}/releases
  generations: {at}/generations
  data_directory: {at}/data
  log_directory: {at}/logs
"""

ENSEMBLE = """ensemble: payments
release: {{version: 3.9.4, source: a.tar.gz, sha512: "{digest}"}}
config: {{settings: {{tickTime: 2000, initLimit: 10, syncLimit: 5}}}}
servers:
  - {{id: 1, host: {host}, agent: "{host}:{port}"}}
"""


class Site:
    """One server's agent, the CA, and an operator."""

    def __init__(self, at: pathlib.Path):
        self.at = at
        self.environment = {**os.environ, "ZOOWARDEN_ENSEMBLE": str(at / "ensemble.yaml"),
                            "ZOOWARDEN_PKI": str(at / "operator"), "ZOOWARDEN_STATE": str(at / "s")}
        self.agent = None
        for name in ("data", "logs"):
            (at / name).mkdir()
        (at / "agent.yaml").write_text(AGENT.format(at=at, host=HOST, port=AGENT_PORT))
        (at / "ensemble.yaml").write_text(
            ENSEMBLE.format(digest="1" * 128, host=HOST, port=AGENT_PORT))

    def end(self):
        if self.agent and self.agent.poll() is None:
            self.agent.terminate()
            self.agent.wait(10)

    def run(self, *words, code=0, **options):
        done = subprocess.run([program("zoowarden"), *map(str, words)], env=self.environment,
                              capture_output=True, encoding="utf-8", timeout=60, check=False,
                              **options)
        assert done.returncode == code or code is None, f"{words}: {done.stdout}{done.stderr}"
        return done

    def reason(self, *words):
        """The reason of a command that must fail."""
        done = self.run(*words, "-o", "json", code=None)
        assert done.returncode != 0, done.stdout
        return json.loads(done.stdout)["error"]["reason"]

    def enrol(self, token: str):
        return subprocess.run(
            [program("zoowarden-agent"), "enroll", "--config", self.at / "agent.yaml",
             "--token", "-", "--from", f"{HOST}:{LISTENER_PORT}"],
            input=token, capture_output=True, encoding="utf-8", timeout=60, check=False)

    def serve(self):
        child = subprocess.Popen(  # pylint: disable=consider-using-with
            [program("zoowarden"), "pki", "serve", "--dir", self.at / "ca", "--listen",
             f"{HOST}:{LISTENER_PORT}"], env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8")
        probes.wait_until(lambda: child.poll() is not None or listens(LISTENER_PORT), 20,
                          "the enrolment listener listens")
        return child

    def start_agent(self):
        with open(self.at / "agent.log", "ab") as log:
            # pylint: disable-next=consider-using-with
            self.agent = subprocess.Popen(
                [program("zoowarden-agent"), "--config", self.at / "agent.yaml"], stdout=log,
                stderr=log)
        probes.wait_until(lambda: listens(AGENT_PORT), 20, "the agent listens")

    def certificate(self):
        """What the agent says that it uses, asked over a new connection."""
        answer = json.loads(self.run("pki", "status", "--agents", "-o", "json").stdout)
        return answer["agents"][0]["certificate"]

    def problem(self):
        answer = json.loads(self.run("pki", "status", "--agents", "-o", "json").stdout)
        return answer["agents"][0]["problem"] or ""

    def put(self, source: pathlib.Path, name: str):
        """As the guide says: beside it, then a rename."""
        target = self.at / "pki" / name
        shutil.copy(source, f"{target}.new")
        os.rename(f"{target}.new", target)


def listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
        return True
    except OSError:
        return False


@pytest.fixture(name="site")
def _site(tmp_path):
    made = Site(tmp_path)
    made.run("pki", "init", "--dir", tmp_path / "ca", "--ensemble", "payments")
    made.run("pki", "issue", "--dir", tmp_path / "ca", "--role", "operator", "--out",
             tmp_path / "operator")
    yield made
    made.end()


def token_of(site, *words) -> str:
    return site.run("pki", "token", "--dir", site.at / "ca", "--server", "1", *words).stdout


@pytest.fixture(name="running")
def _running(site):
    """Enrolled, with its first revocation list, and started."""
    token = token_of(site)
    listener = site.serve()
    done = site.enrol(token)
    assert done.returncode == 0, done.stderr
    assert listener.wait(20) == 0, "it did not end when its token was used"
    assert "enrolled 1" in listener.communicate()[0]
    site.run("pki", "crl", "--dir", site.at / "ca", "--out", site.at / "crl.pem")
    site.start_agent()
    return site


@pytest.mark.core
def test_a_token_enrols_its_server_once(site):
    token, other = token_of(site), token_of(site)
    listener = site.serve()
    assert site.enrol(token).returncode == 0
    link = site.at / "pki"
    assert link.is_symlink() and (link / "key.pem").stat().st_mode & 0o777 == 0o600
    before = {path.name: path.read_bytes() for path in link.iterdir()}
    again = site.enrol(token)
    assert again.returncode != 0 and "used already" in again.stderr, again.stderr
    assert {path.name: path.read_bytes() for path in link.iterdir()} == before
    # A thief in between: the token's CA is not the one that answers.
    site.run("pki", "init", "--dir", site.at / "thief", "--ensemble", "payments")
    thief = site.run("pki", "token", "--dir", site.at / "thief", "--server", "1").stdout
    foreign = site.enrol(thief)
    assert foreign.returncode != 0 and "does not show the CA" in foreign.stderr, foreign.stderr
    assert site.enrol(other).returncode == 0
    assert listener.wait(20) == 0
    assert len(list(site.at.glob("pki-*"))) == 1, "an old key stayed behind"


@pytest.mark.core
def test_renewal_and_a_new_ca_need_no_restart(running):
    site, pid = running, running.agent.pid
    first = site.certificate()["serial"]
    site.run("pki", "renew", "--dir", site.at / "ca", "--server", "1")
    second = site.certificate()["serial"]
    assert second != first
    # Half-written and mismatched: the good ones stay.
    key = (site.at / "pki" / "key.pem").read_bytes()
    (site.at / "pki" / "key.pem").write_bytes(key[:40])
    assert site.certificate()["serial"] == second
    (site.at / "pki" / "key.pem").write_bytes(key)
    # A new CA.
    site.run("pki", "init", "--dir", site.at / "ca2", "--ensemble", "payments")
    site.run("pki", "crl", "--dir", site.at / "ca2", "--out", site.at / "crl2.pem")
    both = site.at / "both.pem"
    both.write_bytes((site.at / "ca" / "ca.pem").read_bytes()
                     + (site.at / "ca2" / "ca.pem").read_bytes())
    lists = site.at / "lists.pem"
    lists.write_bytes((site.at / "crl.pem").read_bytes() + (site.at / "crl2.pem").read_bytes())
    site.run("pki", "push-crl", lists)
    site.put(both, "ca.pem")
    shutil.copy(both, site.at / "operator" / "ca.pem")
    site.run("pki", "renew", "--dir", site.at / "ca2", "--server", "1")
    third = site.certificate()
    assert third["serial"] not in (first, second)
    # The old CA goes: who shows its certificate is refused, who shows the new one is not.
    site.put(site.at / "ca2" / "ca.pem", "ca.pem")
    assert site.problem()
    shutil.rmtree(site.at / "operator")
    site.run("pki", "issue", "--dir", site.at / "ca2", "--role", "operator", "--out",
             site.at / "operator")
    assert site.certificate()["serial"] == third["serial"]
    assert site.agent.poll() is None and site.agent.pid == pid


@pytest.mark.core
def test_a_revoked_certificate_is_refused_at_once(running):
    site = running
    thief = site.at / "stolen"
    site.run("pki", "issue", "--dir", site.at / "ca", "--role", "operator", "--out", thief)
    shutil.move(site.at / "operator", site.at / "mine")
    shutil.copytree(thief, site.at / "operator")
    assert site.problem() == ""
    site.run("pki", "revoke", "--dir", site.at / "ca", thief / "cert.pem")
    site.run("pki", "crl", "--dir", site.at / "ca", "--out", site.at / "new.pem")
    site.run("pki", "push-crl", site.at / "new.pem", "--pki", site.at / "mine")
    assert "has been revoked" in site.problem()
    assert site.reason("pki", "push-crl", site.at / "new.pem") == "pki.revoked"
    # Without its list the agent serves nobody, and an operator mends it.
    (site.at / "crl.pem").unlink()
    site.environment["ZOOWARDEN_PKI"] = str(site.at / "mine")
    assert "everybody is refused" in site.problem()
    site.run("pki", "push-crl", site.at / "new.pem")
    assert site.problem() == ""


def test_an_agent_with_an_ended_or_foreign_token_asks_nobody(site):
    token = token_of(site)
    expired = token.replace(token.split(":")[2], str(int(time.time()) - 1))
    foreign = token.replace("payments/agent/1", "payments/agent/2")
    for text, words in ((expired, "has expired"), (foreign, "agent.yaml says"),
                        (token[:-2], "not a whole token")):
        done = site.enrol(text)  # nobody listens: it would say so if it asked
        assert done.returncode != 0 and words in done.stderr, done.stderr
    assert not (site.at / "pki").exists()
