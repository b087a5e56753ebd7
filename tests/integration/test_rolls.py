"""Whole rolls of real ensembles: the order, the gates, the way back, and what clients kept."""

import signal

import pytest

import ensemble as testing
from zoowarden_lab import command

OLD, NEW, BAD = "3.8.4", "3.9.4", "3.9.5"


def assert_everywhere(made, version):
    assert set(made.versions().values()) == {version}, made.versions()


@pytest.mark.core
def test_an_upgrade_under_load_loses_nothing_and_costs_one_election(ensemble):
    load, watch = ensemble.load(), ensemble.watch()
    leader = ensemble.leader()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line("stop_intended", 180)
    second = ensemble.upgrade(testing.release(NEW), seconds=60)
    done = upgrade.wait(180)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    assert second.code == command.HELD and "zoowarden://lab/operator" in second.err, second
    testing.assert_kept(load)
    assert_everywhere(ensemble, NEW)
    assert watch.order[-1] == leader and sorted(watch.order) == [1, 2, 3]
    assert watch.restarts == watch.order and watch.elections == 1 and watch.most_down == 1
    assert f"version: {NEW}" in ensemble.ensemble_text
    again = ensemble.upgrade(testing.release(NEW))
    assert again.code == command.SUCCEEDED and "nothing to do" in (again.out + again.err), again


@pytest.mark.parametrize("leader", [1, 2, 3])
def test_the_leader_is_last_whatever_its_id(ensemble, leader):
    ensemble.make_leader(leader)
    watch = ensemble.watch()
    done = ensemble.upgrade(testing.release(NEW))
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    assert watch.order[-1] == leader and watch.elections == 1
    assert_everywhere(ensemble, NEW)


@pytest.mark.core
def test_a_release_that_never_joins_is_rolled_back_and_the_file_is_unchanged(ensemble):
    before = ensemble.ensemble_text
    load, watch = ensemble.load(), ensemble.watch()
    done = ensemble.upgrade(testing.bad_release("never_joins"))
    watch.stop()
    assert done.code == command.ROLLED_BACK, done
    testing.assert_kept(load)
    assert_everywhere(ensemble, OLD)
    assert len(watch.order) == 1 and watch.elections == 0
    assert ensemble.ensemble_text == before


@pytest.mark.parametrize("step", [1, 2])
def test_a_release_that_fails_later_takes_everybody_back(ensemble, step):
    leader, followers = ensemble.leader(), ensemble.followers()
    order = followers + [leader]
    load, watch = ensemble.load(), ensemble.watch()
    done = ensemble.upgrade(testing.bad_release("never_joins", only=[order[step]]))
    watch.stop()
    assert done.code == command.ROLLED_BACK, done
    testing.assert_kept(load)
    assert_everywhere(ensemble, OLD)
    # There, as far as it went, and back; whoever leads then goes back last.
    assert watch.order == order[:step + 1] and watch.most_down == 1
    assert all(watch.restarts.count(number) >= 2 for number in order[:step + 1])
    assert sorted(watch.restarts[step + 2:]) == sorted(order[:step])


def test_a_server_that_dies_inside_the_soak_is_rolled_back(make_ensemble):
    made = make_ensemble(soak="40s", step_timeout="60s")
    first, watch = made.followers()[0], made.watch()
    done = made.upgrade(testing.bad_release("dies_after", after_seconds=20))
    watch.stop()
    assert done.code == command.ROLLED_BACK, done
    assert_everywhere(made, OLD)
    assert "gate_passed" in done.out + done.err, "it died before its soak"
    assert watch.order == [first] and watch.elections == 0


def test_a_veto_of_the_ensembles_own_check_rolls_back(ensemble):
    check = ensemble.directory / "veto.sh"
    check.write_text("#!/bin/sh\ncat > /dev/null\necho 'the application is unhappy' >&2\nexit 3\n",
                     encoding="utf-8")
    check.chmod(0o755)
    ensemble.edit(r"\Z", f"checks: [{{name: smoke, command: ['{check}']}}]\n")
    done = ensemble.upgrade(testing.release(NEW))
    assert done.code == command.ROLLED_BACK, done
    assert "the application is unhappy" in done.err
    assert_everywhere(ensemble, OLD)


def test_an_idle_ensemble_upgrades_too(make_ensemble):
    made = make_ensemble(observers=1)
    watch = made.watch()
    done = made.upgrade(testing.release(NEW))
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    assert_everywhere(made, NEW)
    assert watch.order[0] == 4, "observers go first"


def test_an_ensemble_that_enforces_authentication_upgrades_too(make_ensemble):
    made = make_ensemble(auth=True)
    load = made.load(credentials="digest:lab:lab")
    done = made.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert_everywhere(made, NEW)


def test_reconfiguration_brings_no_old_membership_back(make_ensemble):
    made = make_ensemble(reconfig=True)
    plan = made.run("plan", "-o", "json")
    assert plan.code == command.SUCCEEDED and plan.json["steps"] == [], plan
    done = made.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done
    assert_everywhere(made, NEW)
    assert made.upgrade(testing.release(NEW)).code == command.SUCCEEDED


@pytest.mark.core
def test_a_changed_setting_is_rolled_out_and_a_bad_one_rolled_back(ensemble):
    ensemble.set_setting("snapCount", "50000")
    watch = ensemble.watch()
    done = ensemble.run("apply", "--yes")
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    assert sorted(watch.restarts) == [1, 2, 3] and watch.leader_last
    assert_everywhere(ensemble, OLD)
    ensemble.set_setting("metricsProvider.className", "com.example.Missing")
    bad = ensemble.run("apply", "--yes")
    assert bad.code == command.ROLLED_BACK, bad
    ensemble.wait_serving()
    assert_everywhere(ensemble, OLD)


def test_release_and_setting_together_restart_each_server_once(ensemble):
    ensemble.set_setting("snapCount", "50000")
    watch = ensemble.watch()
    done = ensemble.upgrade(testing.release(NEW))
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    assert sorted(watch.restarts) == [1, 2, 3]
    assert_everywhere(ensemble, NEW)


@pytest.mark.core
def test_a_killed_controller_is_resumed_from_the_agents_copies(ensemble):
    load = ensemble.load()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line("server_done", 240)
    upgrade.signal(signal.SIGKILL)
    upgrade.wait(10)
    elsewhere = ensemble.directory / "another machine"
    resumed = ensemble.run("--state", elsewhere, "resume", "--yes", seconds=240)
    assert resumed.code == command.SUCCEEDED, resumed
    testing.assert_kept(load)
    assert_everywhere(ensemble, NEW)


def test_a_halted_run_is_rolled_back_by_hand(ensemble):
    ensemble.set_policy("on_failure", "rollback_server")
    leader, followers = ensemble.leader(), ensemble.followers()
    done = ensemble.upgrade(testing.bad_release("never_joins", only=[followers[1]]))
    assert done.code == command.HALTED, done
    assert ensemble.versions()[followers[0]] == BAD
    assert ensemble.versions()[leader] == OLD
    assert ensemble.status()["open_runs"], "status shows it until it is closed"
    back = ensemble.run("rollback", "--yes", seconds=240)
    assert back.code == command.SUCCEEDED, back
    assert_everywhere(ensemble, OLD)
    assert not ensemble.status()["open_runs"]


def test_a_halted_run_is_closed_by_a_new_one(ensemble):
    ensemble.set_policy("on_failure", "rollback_server")
    followers = ensemble.followers()
    done = ensemble.upgrade(testing.bad_release("never_joins", only=[followers[1]]))
    assert done.code == command.HALTED, done
    good = ensemble.upgrade(testing.release(NEW))
    assert good.code == command.SUCCEEDED, good
    assert_everywhere(ensemble, NEW)
    assert not ensemble.status()["open_runs"]


def test_ctrl_c_stops_at_a_safe_point_and_says_how_to_resume(ensemble):
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line("proceed", 180)
    upgrade.signal(signal.SIGINT)
    done = upgrade.wait(90)
    assert done.code == command.INTERRUPTED and "zoowarden resume" in done.err, done
    assert sorted(ensemble.versions().values()) == [OLD, OLD, NEW]
    assert ensemble.run("resume", "--yes", seconds=240).code == command.SUCCEEDED
    assert_everywhere(ensemble, NEW)


def test_the_record_alone_explains_the_run(ensemble):
    done = ensemble.upgrade(testing.bad_release("never_joins"))
    assert done.code == command.ROLLED_BACK, done
    shown = ensemble.run_shown()
    kinds = [event["kind"] for event in shown["events"]]
    for kind in ("run_started", "preflight_passed", "staged", "stop_intended", "proceed",
                 "rolling_back", "run_rolled_back"):
        assert kind in kinds, kinds
    assert kinds.index("stop_intended") < kinds.index("proceed")
    done = ensemble.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done
    passed = [event for event in ensemble.run_shown()["events"] if event["kind"] == "gate_passed"]
    assert sorted(event["server"] for event in passed) == ensemble.ids
    for event in passed:
        assert event["text"] and event["evidence"], event
