"""Two controllers, real processes: who slept does nothing more once another has the wheel."""

import signal

import pytest

import ensemble as testing
from zoowarden_lab import command

NEW = "3.9.4"


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
    before, written = ensemble.processes(), ensemble.audited()
    first.signal(signal.SIGCONT)
    ended = first.wait(120)
    assert ended.code == command.HELD, ended
    assert "taken this run over" in ended.err or "fence" in ended.err, ended
    assert ensemble.processes() == before
    later = [row for key, row in ensemble.audited().items() if key not in written]
    assert not [row for row in later if row["code"] == "ok"], later
    again = ensemble.run("runs", "show", run, "-o", "json", seconds=30).json
    assert again["outcome"] == "succeeded" and again["events"] == shown["events"]


@pytest.mark.parametrize("action", ["stage", "request_permit", "proceed", "commit", "close"])
def test_a_controller_whose_lease_has_lapsed_is_refused_what_it_had_in_hand(ensemble, action):
    """Another one waits for the lease and goes on with the run, without taking it over."""
    load, watch = ensemble.load(), ensemble.watch()
    first = ensemble.begin_upgrade(
        testing.release(NEW), environment={"ZOOWARDEN_FAULT": f"controller.before_{action}:stop"})
    ensemble.wait(first.frozen, 240, "the first controller sleeps")
    run = ensemble.runs()[0]["id"]
    elsewhere = {"ZOOWARDEN_STATE": str(ensemble.directory / "another machine")}
    second = ensemble.run("resume", run, "--yes", seconds=240, environment=elsewhere)
    watch.stop()
    assert second.code == command.SUCCEEDED, second
    shown = ensemble.run_shown(run)
    assert "taken_over" not in [event["kind"] for event in shown["events"]]
    assert sorted(watch.restarts) == ensemble.ids and watch.most_down == 1
    processes, written = ensemble.processes(), ensemble.audited()
    first.signal(signal.SIGCONT)
    ended = first.wait(120)
    assert ended.code == command.HELD, ended
    # Whatever reached an agent: after a long sleep gRPC may have given up a connection before.
    later = {key: row for key, row in ensemble.audited().items() if key not in written}
    assert {row["reason"] for row in later.values()} == {"fence.stale_epoch"}, later
    assert {server for server, _ in later} == set(ensemble.ids), later
    assert ensemble.processes() == processes
    assert ensemble.run_shown(run)["events"] == shown["events"]
    testing.assert_kept(load)
