"""The Ansible collection in real plays against a real ensemble."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import playbook  # noqa: E402  (found through the path above)
from ensemble import bad_release, release  # noqa: E402


def _task(ensemble, tmp_path, module, *flags, **options) -> dict:
    return playbook.task(tmp_path, module, options, *flags,
                         environment=ensemble.lab.process_environment())


def _options(wanted) -> dict:
    return {"version": wanted.version, "release": str(wanted.path)}


def test_check_mode_touches_nothing_and_a_roll_changes_once(make_ensemble, tmp_path):
    ensemble = make_ensemble(step_timeout="5m")
    wanted = release("3.9.4")
    processes, text = ensemble.processes(), ensemble.ensemble_text

    checked = _task(ensemble, tmp_path, "ensemble_upgrade", "--check", "--diff", **_options(wanted))
    assert checked["changed"], checked
    assert sorted(step["server"] for step in checked["plan"]["steps"]) == ensemble.ids
    assert checked["diff"][0]["before"].count("3.8.4") == 3
    assert checked["diff"][0]["after"].count("3.9.4") == 3
    assert ensemble.processes() == processes
    assert ensemble.ensemble_text == text

    load = ensemble.load()
    rolled = _task(ensemble, tmp_path, "ensemble_upgrade", **_options(wanted))
    assert rolled["changed"], rolled
    assert rolled["run"]["outcome"] == "succeeded"
    assert set(rolled["versions"].values()) == {"3.9.4"}
    assert set(ensemble.versions().values()) == {"3.9.4"}
    assert load.verdict()["lost"] == 0

    processes = ensemble.processes()
    again = _task(ensemble, tmp_path, "ensemble_upgrade", **_options(wanted))
    assert not again["changed"], again
    assert ensemble.processes() == processes

    info = _task(ensemble, tmp_path, "ensemble_info")
    assert info["healthy"] and not info["changed"]
    assert info["leader"] == ensemble.leader()
    assert [member["id"] for member in info["members"]] == ensemble.ids


def test_a_release_that_fails_fails_the_task_and_is_rolled_back(ensemble, tmp_path):
    bad = bad_release("ends_at_once")
    rolled = _task(ensemble, tmp_path, "ensemble_upgrade", **_options(bad))
    assert rolled["failed"] and rolled["changed"], rolled
    assert rolled["exit_code"] == 6
    assert rolled["run"]["outcome"] == "rolled_back"
    assert set(ensemble.versions().values()) == {"3.8.4"}
