"""An agent whose journal is taken, lost, old or damaged does not start, and touches nothing."""

import shutil
import signal
import subprocess

import ensemble as testing
from zoowarden_lab import layout, probes


def refusal(made, number: int, *flags) -> str:
    """What that server's agent says when it ends by itself at once."""
    server = made.lab.server(number)
    ended = subprocess.run([layout.program("zoowarden-agent"), "--config", server.agent_config,
                            *flags], capture_output=True, encoding="utf-8", timeout=60,
                           check=False)
    assert ended.returncode == 1, ended
    return ended.stderr


def test_no_agent_starts_on_a_journal_that_it_cannot_trust(ensemble):
    number = ensemble.followers()[0]
    journal = ensemble.lab.server(number).directory / "state" / "journal.db"
    before = ensemble.processes()
    assert "in use by process" in refusal(ensemble, number)  # a second agent
    ensemble.agent(number).signal(signal.SIGTERM)  # so that the journal is one file
    ensemble.wait_agent_dead(number)
    whole = journal.with_name("kept")
    journal.rename(whole)
    assert "was one here" in refusal(ensemble, number)
    assert not journal.exists()
    content = bytearray(whole.read_bytes())
    content[content.index(b"CREATE TABLE lease")] ^= 1
    journal.write_bytes(content)
    assert "restore it from a copy" in refusal(ensemble, number)
    assert journal.read_bytes() == content
    shutil.copyfile(whole, journal)
    ensemble.start_agent(number)
    assert ensemble.processes() == before
    assert ensemble.upgrade(testing.release("3.9.4")).code == 0
    assert probes.leader(ensemble.lab)
