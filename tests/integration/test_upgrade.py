"""Upgrades that succeed: nothing lost, the leader last, one election at most."""

import pytest

import ensemble as testing


def assert_rolled(made, watched, version):
    assert sorted(watched.restarts) == made.ids
    assert watched.leader_last
    assert watched.elections <= 1
    assert set(made.versions().values()) == {version}


@pytest.mark.core
def test_an_upgrade_under_load_loses_no_acknowledged_write(ensemble):
    load, watched = ensemble.load(), ensemble.watch()
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    watched.stop()
    assert outcome.code == 0, outcome
    ensemble.wait_serving()
    verdict = load.verdict()
    assert verdict["acked"] > 0 and verdict["lost"] == 0 and verdict["phantom"] == 0
    assert_rolled(ensemble, watched, "3.9.4")
    assert "version: 3.9.4" in ensemble.ensemble_text
    before = ensemble.processes()
    again = ensemble.upgrade(testing.release("3.9.4"))
    assert again.code == 0, again
    assert ensemble.processes() == before


@pytest.mark.parametrize("leader", [1, 2, 3])
def test_the_leader_is_last_wherever_it_is(ensemble, leader):
    ensemble.make_leader(leader)
    watched = ensemble.watch()
    outcome = ensemble.upgrade(testing.release("3.8.6"))
    watched.stop()
    assert outcome.code == 0, outcome
    assert watched.order[-1] == leader
    assert_rolled(ensemble, watched, "3.8.6")


def test_an_idle_ensemble_upgrades_too(make_ensemble):
    made = make_ensemble(observers=1)
    watched = made.watch()
    outcome = made.upgrade(testing.release("3.9.4"))
    watched.stop()
    assert outcome.code == 0, outcome
    assert watched.order[0] == 4, "the observer goes first"
    assert_rolled(made, watched, "3.9.4")


def test_an_ensemble_that_enforces_authentication_upgrades_too(make_ensemble):
    made = make_ensemble(auth=True)
    load, watched = made.load(credentials="digest:lab:lab"), made.watch()
    outcome = made.upgrade(testing.release("3.9.4"))
    watched.stop()
    assert outcome.code == 0, outcome
    made.wait_serving()
    verdict = load.verdict()
    assert verdict["acked"] > 0 and verdict["lost"] == 0
    assert_rolled(made, watched, "3.9.4")


def test_files_that_zookeeper_rewrites_are_no_difference(make_ensemble):
    made = make_ensemble(reconfig=True)
    outcome = made.upgrade(testing.release("3.9.4"))
    assert outcome.code == 0, outcome
    plan = made.run("plan", "--detailed-exitcode")
    assert plan.code == 0, plan
    before = made.processes()
    again = made.run("apply", "--yes")
    assert again.code == 0, again
    assert made.processes() == before


def test_a_release_and_a_setting_together_restart_each_server_once(ensemble):
    watched = ensemble.watch()
    ensemble.set_setting("globalOutstandingLimit", 2000)
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    watched.stop()
    assert outcome.code == 0, outcome
    assert_rolled(ensemble, watched, "3.9.4")
