"""Verbs that are edits of the desired state, on real servers under load, and what is not tried again."""

import signal

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"


def settings_of(made, number):
    """What the server's own zoo.cfg says."""
    path = made.lab.server(number).directory / "generations" / "current" / "conf" / "zoo.cfg"
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines()
                if "=" in line and not line.startswith("#"))


def test_settings_are_rolled_and_then_written(ensemble):
    ensemble.edit(r"^ensemble: ", "# a comment of mine\nensemble: ")
    before = ensemble.ensemble_text
    load, watch = ensemble.load(), ensemble.watch()
    done = ensemble.run("config", "set", "snapCount=50000", "--yes", seconds=240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert sorted(watch.restarts) == [1, 2, 3] and watch.leader_last and watch.most_down == 1
    assert all(settings_of(ensemble, number)["snapCount"] == "50000" for number in ensemble.ids)
    added = set(ensemble.ensemble_text.splitlines()) - set(before.splitlines())
    assert len(added) == 1 and "snapCount: 50000" in added.pop(), ensemble.ensemble_text
    assert set(before.splitlines()) <= set(ensemble.ensemble_text.splitlines())
    # Of one server, which alone is restarted.
    follower, processes = ensemble.followers()[0], ensemble.processes()
    one = ensemble.run("config", "set", "maxClientCnxns=77", "--server", follower, "--yes")
    assert one.code == command.SUCCEEDED, one
    changed = [number for number in ensemble.ids
               if ensemble.processes()[number] != processes[number]]
    assert changed == [follower]
    assert ensemble.run("plan", "--detailed-exitcode").code == command.SUCCEEDED
    bad = ensemble.run("config", "set", "metricsProvider.className=com.example.Missing", "--yes",
                       seconds=240)
    assert bad.code == command.ROLLED_BACK, bad
    assert "com.example" not in ensemble.ensemble_text
    ensemble.wait_serving()


def test_a_setting_of_a_run_that_was_interrupted_is_written_by_resume(ensemble):
    setting = ensemble.begin("config", "set", "snapCount=50000", "--yes")
    setting.wait_for_line("server_done", 240)
    setting.signal(signal.SIGKILL)
    setting.wait(10)
    assert "snapCount" not in ensemble.ensemble_text
    elsewhere = ensemble.directory / "another machine"
    written = ensemble.directory / "state" / "ensemble.new.yaml"
    resumed = ensemble.run("--state", elsewhere, "resume", "--write-ensemble", written, "--yes",
                           seconds=240)
    assert resumed.code == command.SUCCEEDED, resumed
    assert "config.settings.snapCount is '50000' in the run and not set in" in resumed.err, resumed
    assert "snapCount: 50000" in ensemble.ensemble_text
    for file in (ensemble.lab.ensemble_file, written):
        planned = ensemble.run("--ensemble", file, "plan", "--detailed-exitcode")
        assert planned.code == command.SUCCEEDED, planned


def test_a_restart_starts_every_server_once_and_changes_nothing(ensemble):
    generations = {member["id"]: member["generation"] for member in ensemble.status()["members"]}
    text, leader = ensemble.ensemble_text, ensemble.leader()
    load, watch = ensemble.load(), ensemble.watch()
    done = ensemble.run("restart", "--yes", seconds=240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert sorted(watch.restarts) == [1, 2, 3] and watch.order[-1] == leader
    assert watch.most_down == 1 and watch.elections == 1
    assert ensemble.ensemble_text == text
    after = {member["id"]: member["generation"] for member in ensemble.status()["members"]}
    assert after == generations and set(ensemble.versions().values()) == {OLD}
    assert not ensemble.status()["open_runs"]
    follower, processes = ensemble.followers()[0], ensemble.processes()
    one = ensemble.run("restart", "--server", follower, "--yes", seconds=120)
    assert one.code == command.SUCCEEDED, one
    assert [number for number in ensemble.ids
            if ensemble.processes()[number] != processes[number]] == [follower]
    ensemble.set_setting("snapCount", "50000")
    refused = ensemble.run("restart", "--yes", "-o", "json")
    assert refused.code == command.REFUSED, refused
    assert refused.json["error"]["reason"] == "plan.restart_differs"


def test_a_restart_that_was_interrupted_goes_on_and_restarts_nobody_twice(ensemble):
    watch = ensemble.watch()
    restart = ensemble.begin("restart", "--yes")
    restart.wait_for_line("server_done", 240)
    restart.signal(signal.SIGKILL)
    restart.wait(10)
    resumed = ensemble.run("resume", "--yes", seconds=240)
    watch.stop()
    assert resumed.code == command.SUCCEEDED, resumed
    assert sorted(watch.restarts) == [1, 2, 3]


def test_what_was_rolled_back_is_not_tried_again_by_a_cron_job(ensemble):
    ensemble.set_setting("metricsProvider.className", "com.example.Missing")
    assert ensemble.run("apply", "--yes", seconds=240).code == command.ROLLED_BACK
    ensemble.wait_serving()
    run_id, before = ensemble.runs()[0]["id"], ensemble.processes()
    elsewhere = ensemble.directory / "another machine"
    for state in (ensemble.directory / "state", elsewhere):
        again = ensemble.run("--state", state, "apply", "--yes", "-o", "json")
        assert again.code == command.REFUSED, again
        assert again.json["error"]["reason"] == "plan.rolled_back_before"
        assert run_id in again.json["error"]["message"]
    assert ensemble.processes() == before
    assert ensemble.run("apply", "--yes", "--retry", seconds=240).code == command.ROLLED_BACK
    ensemble.wait_serving()
    # Another desired state is another matter.
    ensemble.edit(r"^    metricsProvider.className: .*\n", "")
    ensemble.set_setting("snapCount", "50000")
    assert ensemble.run("apply", "--yes", seconds=240).code == command.SUCCEEDED


def test_what_halted_or_was_aborted_is_not_tried_again_by_a_cron_job(ensemble):
    def assert_not_tried(run_id, reason):
        before = ensemble.processes()
        again = ensemble.run("apply", "--yes", "-o", "json")
        assert again.code == command.REFUSED, again
        assert again.json["error"]["reason"] == reason, again
        assert run_id in again.json["error"]["message"]
        assert ensemble.processes() == before

    ensemble.set_policy("on_failure", "halt")
    ensemble.set_setting("metricsProvider.className", "com.example.Missing")
    assert ensemble.run("apply", "--yes", seconds=240).code == command.HALTED
    ensemble.wait_serving()  # its agent took the server back, and the run is halted all the same
    run_id = ensemble.runs()[0]["id"]
    assert_not_tried(run_id, "plan.halted_before")
    assert ensemble.run("rollback", "--yes", seconds=240).code == command.SUCCEEDED
    assert_not_tried(run_id, "plan.rolled_back_before")
    ensemble.edit(r"^    metricsProvider.className: .*\n", "")
    ensemble.set_setting("snapCount", "50000")
    apply = ensemble.begin("apply", "--yes")
    apply.wait_for_line("proceed", 240)
    assert ensemble.run("abort", "--yes", seconds=180).code == command.SUCCEEDED
    assert apply.wait(60).code == command.HELD
    assert_not_tried(ensemble.runs()[0]["id"], "plan.halted_before")
    assert ensemble.run("resume", "--yes", seconds=240).code == command.SUCCEEDED
    assert ensemble.run("apply", "--yes").code == command.SUCCEEDED  # there is nothing to do
