"""Plans in files: exactly that is carried out, and what has moved since is refused by name."""

import json

import pytest

import ensemble as testing
import identities
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"


def make_plan(made, *words, name="plan.json"):
    """The path of a file with the plan."""
    planned = made.run("plan", *words, "-o", "json")
    assert planned.code == command.SUCCEEDED, planned
    path = made.directory / name
    path.write_text(planned.out, encoding="utf-8")
    return path


def assert_moved(made, path, reason, *named):
    """Refused with that reason, naming that, and no process was touched."""
    before = made.processes()
    refused = made.run("apply", path, "--yes", "-o", "json")
    assert refused.code == command.REFUSED, refused
    error = refused.json["error"]
    assert error["reason"] == reason, error
    for text in named:
        assert text in error["message"], error
    assert made.processes() == before


def apply_under_load(made, path):
    """Carries the plan out and gives what an eye-witness saw."""
    load, watch = made.load(), made.watch()
    done = made.run("apply", path, "--yes", seconds=240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    return watch


def test_a_plan_is_carried_out_under_load_and_then_has_nothing_to_do(ensemble):
    wanted = testing.release(NEW)
    ensemble.set_setting("snapCount", "50000")
    path = make_plan(ensemble, "--to", NEW, "--release", wanted.path)
    plan = json.loads(path.read_text(encoding="utf-8"))
    watch = apply_under_load(ensemble, path)
    assert set(ensemble.versions().values()) == {NEW}
    assert watch.order == [step["server"] for step in plan["steps"]]
    assert sorted(watch.restarts) == [1, 2, 3] and watch.most_down == 1
    assert ensemble.run_shown()["plan_digest"] == plan["digest"]
    assert ensemble.run_shown()["kind"] == "upgrade"
    assert f"version: {NEW}" in ensemble.ensemble_text
    again = ensemble.run("apply", path, "--yes", "-o", "json")
    assert again.code == command.SUCCEEDED and again.json["nothing_to_do"], again


def test_a_plan_of_what_was_is_refused_by_the_name_of_what_moved(ensemble):
    ensemble.set_setting("snapCount", "50000")
    path = make_plan(ensemble)
    ensemble.set_setting("snapCount", "60000")
    assert_moved(ensemble, path, "plan.moved_desired", "config.settings.snapCount", "50000", "60000")
    ensemble.set_setting("snapCount", "50000")
    # Another plan is carried out in between: the first is of servers that are not there any more.
    ensemble.set_setting("tickTime", "2100")
    assert ensemble.run("apply", "--yes", seconds=240).code == command.SUCCEEDED
    ensemble.set_setting("tickTime", "2000")
    assert_moved(ensemble, path, "plan.moved_generation", "server 1 had generation")
    path = make_plan(ensemble)
    leader = ensemble.leader()
    ensemble.make_leader(next(number for number in ensemble.ids if number != leader))
    assert_moved(ensemble, path, "plan.moved_leader", f"server {leader} led")


@pytest.mark.parametrize("change, reason", [
    (lambda text: text[:-40], "plan.file_damaged"),
    (lambda text: text.replace("50000", "50001"), "plan.file_damaged"),
    (lambda text: '{"schema_version": 1}', "plan.file_foreign"),
    (lambda text: text.replace('"schema_version": 1', '"schema_version": 7'), "plan.file_newer"),
])
def test_a_file_that_is_no_plan_touches_nothing(shared, change, reason):
    path = shared.directory / "other.json"
    path.write_text(change((shared.directory / "plan.json").read_text(encoding="utf-8")),
                    encoding="utf-8")
    before = shared.processes()
    refused = shared.run("apply", path, "--yes", "-o", "json")
    assert refused.code == command.USAGE and refused.json["error"]["reason"] == reason, refused
    assert shared.processes() == before


@pytest.fixture(scope="module", name="shared")
def _shared(tmp_path_factory):
    made = testing.Ensemble(tmp_path_factory.mktemp("plans") / "lab")
    made.set_setting("snapCount", "50000")
    make_plan(made)
    yield made
    made.end()


def test_a_plan_that_needs_a_second_person_is_carried_out_when_one_has_signed(ensemble):
    ensemble.edit(r"^policy: \{", "policy: {approval: required, ")
    ensemble.set_setting("snapCount", "50000")
    alone = ensemble.run("apply", "--yes", "-o", "json")
    assert alone.code == command.REFUSED, alone
    assert alone.json["error"]["reason"] == "plan.needs_approval"
    path = make_plan(ensemble)
    assert_moved(ensemble, path, "approval.missing", "plan.json.approval")
    by_operator = ensemble.run("approve", path, "--yes")
    assert by_operator.code == command.DENIED, by_operator
    approver = identities.issue(ensemble, ensemble.directory / "pki", "approver",
                                ensemble.directory / "state" / "approver")
    approved = ensemble.run("approve", path, "--pki", approver, "--yes")
    assert approved.code == command.SUCCEEDED and "50000" in approved.out, approved
    watch = apply_under_load(ensemble, path)
    assert sorted(watch.restarts) == [1, 2, 3]
    shown = ensemble.run_shown()
    assert shown["approval"]["approver"] == "zoowarden://lab/approver"
    assert [event["kind"] for event in shown["events"]].count("approved") == 1
    # Of another plan it is no approval.
    ensemble.set_setting("snapCount", "60000")
    make_plan(ensemble)
    assert_moved(ensemble, path, "approval.other_plan")
