"""The collection's modules in real plays, against a stand-in for the zoowarden program."""

import json
import pathlib

import pytest

import playbook

STAND_IN = pathlib.Path(__file__).resolve().parent / "stand_in.py"


def _generation(version: str) -> dict:
    return {"digest": version, "version": version, "release_sha512": "aa",
            "configuration_digest": "0123456789abcdef0123"}


def _plan(*servers: int) -> dict:
    steps = [{"server": server, "from": _generation("3.8.4"), "to": _generation("3.9.4"),
              "diff": "-tickTime=1\n+tickTime=2\n" if server == 2 else ""} for server in servers]
    return {"schema_version": 1, "ensemble": "lab", "nothing_to_do": not steps, "steps": steps,
            "refusals": []}


def _status(*open_runs: dict, healthy: bool = True) -> dict:
    members = [{"id": number, "version": "3.9.4", "state": "serving"} for number in (1, 2, 3)]
    return {"schema_version": 1, "ensemble": "lab", "healthy": healthy, "leader": 3,
            "members": members, "problems": [] if healthy else ["server 2 is down"],
            "warnings": [], "open_runs": list(open_runs), "lease": None}


def _error(reason: str, message: str) -> dict:
    return {"schema_version": 1, "error": {"code": "failed_precondition", "reason": reason,
                                           "message": message, "exit_code": 5, "next": None}}


RUN = {"id": "r1", "version": "3.9.4", "outcome": "succeeded", "outcome_text": None}


def _run(outcome: str, **more) -> dict:
    return {"schema_version": 1, **RUN, "outcome": outcome, "events": [{"kind": "began"}], **more}


class StandIn:
    """The answers to give, the calls that came, and a task run against them."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.answers = {"status": [0, _status()], "plan": [0, _plan(2, 3, 1)],
                        "upgrade": [0, _run("succeeded")], "resume": [0, _run("succeeded")]}

    def _environment(self) -> dict:
        (self.directory / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")
        return {"STAND_IN_DIRECTORY": str(self.directory)}

    def play(self, module: str, *flags, **options) -> dict:
        return playbook.task(self.directory, module, {"executable": str(STAND_IN), **options}, *flags,
                             environment=self._environment())

    def call(self, module: str, **options) -> dict:
        return playbook.module_alone(self.directory, module,
                                     {"executable": str(STAND_IN), **options}, self._environment())

    def upgrade(self, **options) -> dict:
        return self.call("ensemble_upgrade", **{"version": "3.9.4", **options})

    def calls(self) -> list:
        lines = (self.directory / "calls.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def verbs(self) -> list:
        return [call["words"][0] for call in self.calls()]


@pytest.fixture(name="stand_in")
def _stand_in(tmp_path):
    return StandIn(tmp_path)


def test_info_reports_and_never_changes(stand_in):
    result = stand_in.play("ensemble_info", ensemble="/srv/e.yaml", pki="/srv/pki")
    assert not result["changed"]
    assert (result["ensemble"], result["healthy"], result["leader"]) == ("lab", True, 3)
    assert [member["id"] for member in result["members"]] == [1, 2, 3]
    assert stand_in.calls() == [
        {"words": ["status", "-o", "json"],
         "variables": {"ZOOWARDEN_ENSEMBLE": "/srv/e.yaml", "ZOOWARDEN_PKI": "/srv/pki"}}]


def test_info_of_an_unhealthy_ensemble_is_an_answer(stand_in):
    stand_in.answers["status"] = [1, _status(healthy=False)]
    result = stand_in.call("ensemble_info")
    assert not result.get("failed")
    assert result["problems"] == ["server 2 is down"]


def test_info_that_cannot_be_had_fails_with_the_reason(stand_in):
    stand_in.answers["status"] = [1, _error("pki.no_identity", "no certificate")]
    result = stand_in.call("ensemble_info")
    assert result["failed"]
    assert (result["reason"], result["exit_code"]) == ("pki.no_identity", 1)
    assert "no certificate" in result["msg"]


def test_check_mode_only_plans_and_shows_the_difference(stand_in):
    result = stand_in.play("ensemble_upgrade", "--check", "--diff", version="3.9.4",
                           release="/srv/zk.tar.gz")
    assert result["changed"]
    assert stand_in.verbs() == ["status", "plan"]
    assert stand_in.calls()[1]["words"] == [
        "plan", "--to", "3.9.4", "--release", "/srv/zk.tar.gz", "-o", "json"]
    line = "server 2: release {}, configuration 0123456789abcdef\n"
    versions, settings = result["diff"]
    assert line.format("3.8.4") in versions["before"]
    assert line.format("3.9.4") in versions["after"]
    assert versions["before"].startswith("server 1")
    assert settings["prepared"] == "settings of server 2\n-tickTime=1\n+tickTime=2\n"
    assert "-" + line.format("3.8.4") in result["shown"]
    assert "+tickTime=2" in result["shown"]


def test_an_ensemble_that_is_right_is_left_alone(stand_in):
    stand_in.answers["plan"] = [0, _plan()]
    result = stand_in.upgrade()
    assert not result["changed"]
    assert stand_in.verbs() == ["status", "plan"]


def test_a_roll_reports_its_run(stand_in):
    result = stand_in.upgrade(allow_outage=True)
    assert result["changed"]
    assert result["run"]["id"] == "r1"
    assert "events" not in result["run"]
    assert result["versions"] == {"1": "3.9.4", "2": "3.9.4", "3": "3.9.4"}
    assert stand_in.calls()[2]["words"] == [
        "upgrade", "--to", "3.9.4", "--allow-outage", "--yes", "-o", "json"]


def test_a_refused_plan_fails_and_nothing_is_rolled(stand_in):
    refusals = [{"reason": "version.denied", "text": "3.9.3 has ZOOKEEPER-4925"}]
    stand_in.answers["plan"] = [5, {**_plan(1), "refusals": refusals}]
    result = stand_in.upgrade(version="3.9.3")
    assert result["failed"]
    assert (result["reason"], result["exit_code"]) == ("version.denied", 5)
    assert "ZOOKEEPER-4925" in result["msg"]
    assert "upgrade" not in stand_in.verbs()


def test_a_rolled_back_run_fails_with_what_is_true_now(stand_in):
    error = {**_error("gate.down", "server 2 did not start")["error"], "exit_code": 6}
    stand_in.answers["upgrade"] = [6, _run("rolled_back", error=error)]
    result = stand_in.play("ensemble_upgrade", version="3.9.4")
    assert result["failed"]
    assert (result["exit_code"], result["run"]["outcome"]) == (6, "rolled_back")
    assert "server 2 did not start" in result["msg"]
    assert result["changed"]
    assert result["versions"]["1"] == "3.9.4"


def test_a_run_that_could_not_begin_fails_with_the_reason(stand_in):
    stand_in.answers["upgrade"] = [8, _error("lease.held", "held by zoowarden://lab/operator")]
    result = stand_in.upgrade()
    assert result["failed"]
    assert (result["exit_code"], result["reason"], result["run"]) == (8, "lease.held", None)
    assert not result["changed"]


def test_an_interrupted_run_to_the_same_release_is_resumed(stand_in):
    stand_in.answers["status"][1] = _status({**RUN, "outcome": None})
    stand_in.answers["plan"] = [0, _plan()]
    result = stand_in.upgrade()
    assert result["changed"]
    assert stand_in.calls()[2]["words"] == ["resume", "r1", "--yes", "-o", "json"]


def test_a_halted_run_is_left_to_a_person(stand_in):
    stand_in.answers["status"][1] = _status({**RUN, "outcome": "halted"})
    result = stand_in.upgrade()
    assert result["failed"]
    assert "zoowarden resume r1" in result["msg"]
    assert stand_in.verbs() == ["status"]


@pytest.mark.parametrize("answer, said", [("Segmentation fault", "gave no JSON"),
                                          ({"schema_version": 2}, "schema 2"),
                                          ([], "schema None")])
def test_an_answer_that_is_none_fails_by_name(stand_in, answer, said):
    stand_in.answers["status"] = [0, answer]
    result = stand_in.call("ensemble_info")
    assert result["failed"]
    assert said in result["msg"]


def test_a_missing_program_fails_by_name(stand_in):
    result = stand_in.call("ensemble_info", executable="zoowarden-that-is-not-there")
    assert result["failed"]
    assert "zoowarden-that-is-not-there" in result["msg"]
