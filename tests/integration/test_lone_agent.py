"""One agent alone that dies in the middle of a call, or is without descriptors."""

import resource
import signal

import pytest

from lone_agent import HARD, Agent, connect_silently, zoowarden
from zoowarden_lab import probes

_STRANGER = "127.0.88.1"
_METHOD = "CertificateService/PutCrl"


@pytest.fixture(name="make_agent")
def _make_agent(tmp_path):
    made = []

    def make(**how) -> Agent:
        made.append(Agent(tmp_path, **how))
        return made[-1]

    yield make
    for agent in made:
        agent.end()


def test_a_call_that_ended_in_a_kill_shows_in_an_audit_that_is_whole(make_agent):
    agent = make_agent(crl=True)
    agent.issue("pki", "issue", "--dir", agent.home / "ca", "--role", "viewer",
                "--out", agent.home / "lost")
    agent.issue("pki", "revoke", "--dir", agent.home / "ca", agent.home / "lost" / "cert.pem")
    agent.issue("pki", "crl", "--dir", agent.home / "ca", "--out", agent.home / "new.pem")
    before = (agent.home / "crl.pem").read_bytes()
    agent.end()
    agent.start(fault="agent.after_audit_begin:kill")
    assert zoowarden(agent.home, "pki", "push-crl", agent.home / "new.pem").returncode != 0
    assert agent.process.wait(20) == -signal.SIGKILL
    assert (agent.home / "crl.pem").read_bytes() == before, "nothing of the call was done"
    agent.start()
    rows = [row for row in agent.rows() if row["method"] == _METHOD]
    assert [row["code"] for row in rows] == ["begun"]
    assert zoowarden(agent.home, "audit", "verify").returncode == 0
    # And once more, whole.
    agent.issue("pki", "push-crl", agent.home / "new.pem")
    assert (agent.home / "crl.pem").read_bytes() != before
    rows = [row for row in agent.rows() if row["method"] == _METHOD]
    assert [row["code"] for row in rows] == ["begun", "begun", "ok"]
    assert zoowarden(agent.home, "audit", "verify").returncode == 0


def test_few_descriptors_are_not_used_up_by_silent_connections(make_agent):
    agent = make_agent(most_descriptors=96, watched=True)
    silent = connect_silently(300, _STRANGER)
    assert agent.descriptors() < 96
    probes.wait_until(agent.answers, 30, "the controller is served")
    for one in silent:
        one.close()
    assert agent.answers() and agent.process.poll() is None


def test_an_agent_without_a_free_descriptor_serves_again_when_there_are_some(make_agent):
    agent = make_agent()
    few = agent.descriptors() + 4
    # The highest number it may use, for it and for root: a hard limit.
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (few, few))
    silent = connect_silently(100, _STRANGER)
    probes.wait_until(lambda: "no descriptor is free" in agent.said(), 30, "they are used up")
    assert agent.process.poll() is None
    for one in silent:
        one.close()
    probes.wait_until(agent.answers, 30, "the controller is served")


def test_an_agent_that_can_no_longer_accept_says_so_and_ends(make_agent):
    """Then systemd starts it again; here the test does, and it serves as before."""
    agent = make_agent(watched=True)
    assert agent.answers()
    # What a leak would end in: not one more descriptor.
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (4, HARD))
    assert agent.process.wait(30) == 1
    assert "ending listener=dead" in agent.said()
    agent.start()
    probes.wait_until(agent.answers, 30, "it serves again")
