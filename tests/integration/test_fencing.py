"""Two controllers, real processes: the one that slept does nothing more once another has the wheel."""

import signal

import pytest

import ensemble as testing
from zoowarden_lab import command

NEW = "3.9.4"


def _audited(made) -> dict:
    """The rows of all agents' audits, by server and number."""
    shown = made.run("audit", "show", "-o", "json", seconds=30).json["servers"]
    return {(server["id"], number): row for server in shown
            for number, row in enumerate(server["rows"])}


@pytest.mark.parametrize("point", [testing.PROCEED, testing.GATE_PASSED])
def test_a_controller_that_slept_past_its_lease_does_nothing_more(ensemble, tmp_path, point):
    first = ensemble.begin_upgrade(testing.release(NEW))
    first.wait_for_line(point, 240)
    first.signal(signal.SIGSTOP)
    ensemble.wait(first.frozen, 10, "the first controller sleeps")
    run = ensemble.runs()[0]["id"]
    elsewhere = {"ZOOWARDEN_STATE": str(tmp_path / "elsewhere")}
    second = ensemble.run("resume", run, "--yes", "--take-over", seconds=240,
                          environment=elsewhere)
    assert second.code == command.SUCCEEDED, second
    assert "--take-over interrupts" in second.err and run in second.err
    assert set(ensemble.versions().values()) == {NEW}
    shown = ensemble.run("runs", "show", run, "-o", "json", environment=elsewhere, seconds=30).json
    taken = [event for event in shown["events"] if event["kind"] == "taken_over"]
    assert len(taken) == 1 and run in taken[0]["text"], shown["events"]
    begun = [event["epoch"] for event in shown["events"] if event["kind"] == "run_started"]
    assert len(begun) == 2 and begun[0] < begun[1] == taken[0]["epoch"]
    # All is done; the first one wakes up in the midst of what it was doing.
    before, written = ensemble.processes(), _audited(ensemble)
    first.signal(signal.SIGCONT)
    ended = first.wait(120)
    assert ended.code == command.HELD, ended
    assert "taken this run over" in ended.err or "fence" in ended.err, ended
    assert ensemble.processes() == before
    later = [row for key, row in _audited(ensemble).items() if key not in written]
    assert not [row for row in later if row["code"] == "ok"], later
    again = ensemble.run("runs", "show", run, "-o", "json", seconds=30).json
    assert again["outcome"] == "succeeded" and again["events"] == shown["events"]
