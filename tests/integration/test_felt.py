"""What clients felt of a real roll: measured, held against a budget, and told."""

import pytest

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"


def assert_kept(verdict):
    assert verdict["lost"] == 0 and verdict["phantom"] == 0 and verdict["acked"] > 0, verdict


def test_the_gap_that_is_measured_is_what_the_load_felt(ensemble):
    load = ensemble.load()
    done = ensemble.upgrade(testing.release(NEW))
    verdict = load.verdict()
    assert done.code == command.SUCCEEDED, done
    assert_kept(verdict)
    felt = ensemble.run_shown()["impact"]
    print("felt:", felt, "load:", verdict["longest_gap_ms"])
    assert felt["writes"] > 20 and felt["controllers"] == 1, felt
    # On a busy machine the start of a JVM may cost more than an election.
    assert felt["write_gap_ms"] > 0 and felt["write_gap_server"] in ensemble.ids, felt
    # One writer every 200 ms against six that write all the time.
    assert verdict["longest_gap_ms"] / 4 < felt["write_gap_ms"] < 4 * verdict["longest_gap_ms"] + 500
    before = {one["id"]: one["connections"] for one in felt["connections_before"]}
    assert sorted(before) == ensemble.ids and sum(before.values()) >= 6, felt
    assert "clients: longest write gap" in done.out, done
    shown = ensemble.run("runs", "show", ensemble.runs()[0]["id"], seconds=30)
    assert f"in the step of server {felt['write_gap_server']}" in shown.out, shown


@pytest.mark.parametrize("then, code, outcome", [("halt", command.HALTED, "halted"),
                                                 ("rollback", command.ROLLED_BACK, "rolled_back")])
def test_more_than_the_budget_ends_the_run_at_the_next_safe_point(ensemble, then, code, outcome):
    ensemble.edit(r"^policy: \{", f"policy: {{client_impact: {{max_write_gap: 1ms, then: {then}}}, ")
    load, watch = ensemble.load(), ensemble.watch()
    done = ensemble.upgrade(testing.release(NEW))
    watch.stop()
    assert done.code == code, done
    assert_kept(load.verdict())
    shown = ensemble.run_shown()
    assert shown["outcome"] == outcome and shown["outcome_reason"] == "impact.over_budget", shown
    assert "client_impact allows" in shown["outcome_text"], shown
    assert "over_budget" in [event["kind"] for event in shown["events"]]
    if then == "halt":
        # A busy machine may be over this budget between the first intent and its stop.
        changed = len(watch.restarts)
        assert changed <= 1, "a step is brought to its end and no other is begun"
        assert sorted(ensemble.versions().values()) == [OLD] * (3 - changed) + [NEW] * changed
        assert ensemble.run("rollback", "--yes", seconds=240).code == command.SUCCEEDED
    assert set(ensemble.versions().values()) == {OLD}
