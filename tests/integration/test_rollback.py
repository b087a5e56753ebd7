"""Releases and configurations that fail, and the way back by itself."""

import os

import pytest

import ensemble as testing
from zoowarden_lab import command

OLD = "3.8.4"


def assert_all_old(made, outcome, before):
    """Rolled back, everybody on the old release, the file untouched."""
    assert outcome.code == command.ROLLED_BACK, outcome
    made.wait_serving()
    assert set(made.versions().values()) == {OLD}
    assert made.ensemble_text == before


@pytest.mark.core
def test_a_release_that_fails_on_the_leader_step_takes_everybody_back(ensemble):
    leader, before, load = ensemble.leader(), ensemble.ensemble_text, ensemble.load()
    watched = ensemble.watch()
    outcome = ensemble.upgrade(testing.bad_release("never_joins", only=[leader]))
    watched.stop()
    assert_all_old(ensemble, outcome, before)
    verdict = load.verdict()
    assert verdict["acked"] > 0 and verdict["lost"] == 0
    assert watched.order[-1] == leader
    assert len(watched.restarts) == 6, "three forward, three back"


@pytest.mark.parametrize("step", [0, 1])
def test_a_release_that_fails_on_a_follower_is_taken_back(ensemble, step):
    followers, leader, before = ensemble.followers(), ensemble.leader(), ensemble.ensemble_text
    watched, old = ensemble.watch(), ensemble.processes()
    bad = testing.bad_release("never_joins", only=[followers[step]])
    outcome = ensemble.upgrade(bad)
    watched.stop()
    assert_all_old(ensemble, outcome, before)
    assert watched.order == followers[:step + 1]
    assert ensemble.processes()[leader] == old[leader], "the leader was never touched"
    assert watched.elections == 0


def test_a_process_that_dies_after_twenty_seconds_fails_its_soak(ensemble):
    first, before = ensemble.followers()[0], ensemble.ensemble_text
    ensemble.set_policy("soak", "30s")
    before = ensemble.ensemble_text
    watched = ensemble.watch()
    outcome = ensemble.upgrade(testing.bad_release("dies_after", after_seconds=20))
    watched.stop()
    assert_all_old(ensemble, outcome, before)
    assert watched.order == [first]


def test_a_process_that_ends_at_once_is_taken_back(ensemble):
    before, watched = ensemble.ensemble_text, ensemble.watch()
    outcome = ensemble.upgrade(testing.bad_release("ends_at_once"))
    watched.stop()
    assert_all_old(ensemble, outcome, before)
    assert len(watched.order) == 1


def test_a_health_check_of_the_ensemble_can_veto(ensemble):
    script = ensemble.directory / "veto.sh"
    script.write_text("#!/bin/sh\ncat > /dev/null\necho 'the application is unhappy'\nexit 1\n",
                      encoding="utf-8")
    os.chmod(script, 0o755)
    with open(ensemble.lab.ensemble_file, "a", encoding="utf-8") as file:
        file.write("checks:\n  - {name: application, command: [./veto.sh], timeout: 5s}\n")
    before, watched = ensemble.ensemble_text, ensemble.watch()
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    watched.stop()
    assert_all_old(ensemble, outcome, before)
    assert len(watched.order) == 1
    assert "the application is unhappy" in outcome.out + outcome.err


@pytest.mark.core
def test_a_changed_setting_is_rolled_out_and_a_bad_one_rolled_back(ensemble):
    watched = ensemble.watch()
    ensemble.set_setting("tickTime", 2500)
    outcome = ensemble.run("apply", "--yes")
    watched.stop()
    assert outcome.code == 0, outcome
    assert sorted(watched.restarts) == ensemble.ids and watched.leader_last
    for server in ensemble.lab.servers:
        words = ensemble.zookeeper(server.id).words()
        with open(words[-1], encoding="utf-8") as running:
            assert "tickTime=2500" in running.read().splitlines()
    good = ensemble.ensemble_text
    ensemble.set_setting("metricsProvider.className", "no.such.Provider")
    watched = ensemble.watch()
    outcome = ensemble.run("apply", "--yes")
    watched.stop()
    assert outcome.code == command.ROLLED_BACK, outcome
    ensemble.wait_serving()
    assert len(watched.order) == 1
    ensemble.lab.ensemble_file.write_text(good, encoding="utf-8")
    plan = ensemble.run("plan", "--detailed-exitcode")
    assert plan.code == 0, plan
