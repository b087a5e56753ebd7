"""The lab itself: what the other tests rely on."""

import signal

import ensemble as testing
from zoowarden_lab import agents, down, processes


def test_an_ensemble_serves_and_leaves_nothing_behind(make_ensemble):
    made = make_ensemble(observers=1)
    assert sorted(made.modes().values()) == ["follower", "follower", "leader", "observer"]
    mine = [*made.processes().values(), *(made.agent(number) for number in made.ids)]
    assert all(process and process.alive() for process in mine)
    directory = made.directory
    down.down(directory)
    assert not any(process.alive() for process in mine)
    assert not directory.exists()
    down.down(directory)


def test_a_crashed_lab_is_ended_too(ensemble):
    ensemble.kill_agent(1)
    ensemble.agent(2).signal(signal.SIGSTOP)
    ensemble.freeze(3)
    (ensemble.directory / "ensemble.yaml").unlink()
    down.down(ensemble.directory)
    assert not [process for process in processes.everything()
                if str(ensemble.directory) in " ".join(process.words())]


def test_two_labs_run_at_once_without_touching_each_other(make_ensemble):
    first, second = make_ensemble(), make_ensemble(version="3.9.4", servers=1)
    assert first.lab.block != second.lab.block
    before = first.processes()
    second.end()
    assert first.processes() == before


def test_any_participant_can_be_made_the_leader(ensemble):
    for number in (1, 3, 2):
        ensemble.make_leader(number)
        assert ensemble.leader() == number


def test_an_ended_agent_leaves_the_member_running(ensemble):
    before = ensemble.processes()
    ensemble.restart_agent(2)
    assert ensemble.processes() == before
    assert agents.find(ensemble.lab.server(2))


def test_the_failing_release_differs_in_its_script_only():
    good, bad = testing.release("3.9.5"), testing.bad_release("never_joins")
    assert good.path.name == bad.path.name and good.sha512 != bad.sha512
