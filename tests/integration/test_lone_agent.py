"""One agent alone that dies in the middle of a call, or is without descriptors."""

import os
import resource
import signal
import subprocess
import time

import pytest

from lone_agent import HARD, Agent, connect_silently, zoowarden
from zoowarden_lab import layout, probes

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
    silent = [one for i in range(1, 4) for one in connect_silently(100, f"127.0.88.{i}")]
    assert agent.descriptors() < 96
    probes.wait_until(agent.answers, 30, "the controller is served")
    for one in silent:
        one.close()
    assert agent.answers() and agent.process.poll() is None
    # Its own looks were turned away as well, until the first silent ones were dropped.
    assert "closes the connection without an answer" in agent.said()


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


def _leak_all_but(agent, free):
    """What a leak ends in: all its descriptors are taken but that many."""
    def used():
        return {int(fd) for fd in os.listdir(f"/proc/{agent.process.pid}/fd")}

    probes.wait_until(lambda: max(used()) == len(used()) - 1, 30, "there is no gap")
    samples = []
    for _ in range(20):  # it opens a file now and then, and that one is free again
        samples.append(len(used()))
        time.sleep(0.05)
    most = min(samples) + free
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (most, HARD))


def _assert_ended_for_want_of_descriptors(agent):
    assert "ending listener=dead" in agent.said()
    assert int(agent.said().split("without_descriptor_ms=")[1].split()[0]) > 30_000


def test_an_agent_that_leaked_all_descriptors_says_so_and_ends(make_agent):
    """It cannot even look at its port, which is no sign that its listener is dead."""
    agent = make_agent(watched=True)
    assert agent.answers()
    _leak_all_but(agent, 0)
    assert not agent.answers()
    assert agent.process.wait(60) == 1
    assert "can be tried: Too many open files" in agent.said()
    _assert_ended_for_want_of_descriptors(agent)


def test_an_agent_that_turns_callers_away_for_half_a_minute_says_so_and_ends(make_agent):
    """Then systemd starts it again; here the test does, and it serves as before."""
    agent = make_agent(watched=True)
    assert agent.answers()
    # With the last one it looks at its port, where it is turned away as every caller would be.
    _leak_all_but(agent, 1)
    assert agent.process.wait(60) == 1
    assert "closes the connection without an answer" in agent.said()
    _assert_ended_for_want_of_descriptors(agent)
    agent.start()
    probes.wait_until(agent.answers, 30, "it serves again")


def test_a_certificate_of_another_server_is_named_and_nothing_is_served_or_made(make_agent):
    agent = make_agent()
    agent.end()
    agent.issue("pki", "issue", "--dir", agent.home / "ca", "--role", "agent", "--server", 2,
                "--out", agent.home / "agent-2")
    config = agent.home / "agent.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("/agent/", "/agent-2/"),
                      encoding="utf-8")
    state = sorted((path, path.lstat().st_mtime_ns) for path in agent.home.rglob("*"))
    done = subprocess.run([layout.program("zoowarden-agent"), "--config", config], timeout=60,
                          capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert (f"{agent.home}/agent-2/cert.pem is for zoowarden://lab/agent/2, agent.yaml says "
            "zoowarden://lab/agent/1; issue one with 'zoowarden pki issue --role agent "
            "--server 1'") in done.stderr, done
    assert sorted((path, path.lstat().st_mtime_ns) for path in agent.home.rglob("*")) == state
