"""Hooks of a real roll: told in order, heard when they veto, and in the record."""

import json

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"

TELLS = """#!/bin/sh
cat >> '{told}'
echo >> '{told}'
printf 'saw\\033[31m it\\nand more'
[ ! -e '{veto}' ] || {{ echo 'the application is busy' >&2; exit 3; }}
"""


class Hooks:
    """One program for all points, which writes down what it is told."""

    def __init__(self, made):
        self.told, self.veto = made.directory / "told", made.directory / "veto"
        program = made.directory / "hook.sh"
        program.write_text(TELLS.format(told=self.told, veto=self.veto), encoding="utf-8")
        program.chmod(0o755)
        rows = "".join(f"  - {{name: {when}, when: {when}, command: ['{program}']}}\n"
                       for when in ("before_run", "before_step", "after_step", "after_run"))
        made.edit(r"\Z", f"hooks:\n{rows}")

    def ids(self) -> list:
        return ["/".join(one["id"].split("/")[1:]) for one in self.documents()]

    def documents(self) -> list:
        return [json.loads(line) for line in self.told.read_text(encoding="utf-8").splitlines()]


def test_hooks_are_told_in_order_and_what_they_print_is_in_the_record(ensemble):
    hooks = Hooks(ensemble)
    load, watch = ensemble.load(), ensemble.watch()
    done = ensemble.upgrade(testing.release(NEW))
    watch.stop()
    verdict = load.verdict()
    assert done.code == command.SUCCEEDED, done
    assert verdict["lost"] == 0 and verdict["acked"] > 0, verdict
    steps = [f"{when}/{number}/forward"
             for number in watch.order for when in ("before_step", "after_step")]
    assert hooks.ids() == ["before_run/run/forward", *steps, "after_run/run/forward"]
    documents = hooks.documents()
    assert documents[1]["server"]["from"]["version"] == OLD, documents[1]
    assert documents[1]["server"]["to"]["version"] == NEW, documents[1]
    assert documents[-1]["outcome"] == "succeeded" and documents[-1]["server"] is None
    events = [event for event in ensemble.run_shown()["events"] if event["kind"] == "hook"]
    assert len(events) == len(documents), events
    assert events[0]["evidence"]["output"] == "saw?[31m it and more", events[0]


def test_a_veto_leaves_the_server_alone_and_a_resumed_run_asks_again(ensemble):
    hooks = Hooks(ensemble)
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    first = testing.server_of(upgrade.wait_for_line("proceed", 180))
    hooks.veto.touch()
    done = upgrade.wait(120)
    assert done.code == command.HALTED, done
    assert "the application is busy" in done.err, done
    versions = ensemble.versions()
    assert versions.pop(first) == NEW and set(versions.values()) == {OLD}, versions
    shown = ensemble.run_shown()
    assert shown["outcome_reason"] == "hook.vetoed", shown
    assert hooks.documents()[-1]["outcome"] == "halted"
    refused = hooks.ids()[-2]
    hooks.veto.unlink()
    resumed = ensemble.run("resume", "--yes", seconds=240)
    assert resumed.code == command.SUCCEEDED, resumed
    assert set(ensemble.versions().values()) == {NEW}
    assert hooks.ids().count(refused) == 2, "the same step by the same name"
