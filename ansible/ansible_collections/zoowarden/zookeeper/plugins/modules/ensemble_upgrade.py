#!/usr/bin/python
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls an ensemble to a release."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: ensemble_upgrade
short_description: Roll a ZooKeeper ensemble to a release, one server at a time
description:
  - Rolls the ensemble to a release through C(zoowarden upgrade), with its gates, its order (the leader
    last) and its automatic way back. Settings that were changed in C(ensemble.yaml) are rolled out in the
    same restarts.
  - An ensemble that is what it should be is left alone.
  - A run to the same release that was interrupted is resumed, so a play that lost its connection can be
    started again. One that halted or is stuck is not; it needs a person.
author:
  - Zoowarden maintainers (@zoowarden)
extends_documentation_fragment:
  - zoowarden.zookeeper.zoowarden
options:
  version:
    description: The release that all servers shall run.
    type: str
    required: true
  release:
    description:
      - The release's archive on the control machine, C(apache-zookeeper-X-bin.tar.gz), with its C(.sha512)
        and C(.asc) beside it.
      - Needed when C(ensemble.yaml) names another release.
    type: path
  allow_outage:
    description: Allow what cannot keep a quorum, as in an ensemble of one or two voters.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Plans against the real ensemble, through C(zoowarden plan), and touches nothing.
  diff_mode:
    support: full
    description: Shows the release and configuration of each server before and after.
notes:
  - A roll takes minutes. Use C(async) and C(poll) where the connection would not last.
seealso:
  - module: zoowarden.zookeeper.ensemble_info
"""

EXAMPLES = r"""
- name: Roll the ensemble to 3.9.4
  zoowarden.zookeeper.ensemble_upgrade:
    ensemble: /srv/payments/ensemble.yaml
    pki: /srv/payments/operator
    version: 3.9.4
    release: /srv/releases/apache-zookeeper-3.9.4-bin.tar.gz
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
plan:
  description: What was to be done, as C(zoowarden plan -o json) says it.
  returned: when a plan was made
  type: dict
  sample: {steps: [{server: 2}, {server: 3}, {server: 1}]}
run:
  description: The run that did it, as C(zoowarden runs show -o json) says it, without its events.
  returned: when a run was begun
  type: dict
  sample: {id: 20261122-140501-3f9a, outcome: succeeded}
versions:
  description: The release that each server runs afterwards, by server id.
  returned: when something was rolled
  type: dict
  sample: {"1": 3.9.4, "2": 3.9.4, "3": 3.9.4}
exit_code:
  description: The exit code of the program; C(zoowarden help exit-codes) says what each means.
  returned: failure
  type: int
  sample: 6
reason:
  description: The stable name of what went wrong.
  returned: failure
  type: str
  sample: release.wrong_digest
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.zoowarden.zookeeper.plugins.module_utils.zoowarden_cli import (
    CHANGES, OK, Cli, argument_spec)


class Upgrade:
    """One call of the module."""

    def __init__(self, module):
        self._module = module
        self._cli = Cli(module)

    def main(self):
        """Plans, and unless that is all that was asked for, rolls."""
        interrupted = self._interrupted_run()
        plan = self._plan()
        result = {"changed": bool(plan["steps"] or interrupted), "plan": plan}
        if self._module._diff:  # pylint: disable=protected-access
            result["diff"] = _difference(plan)
        if result["changed"] and not self._module.check_mode:
            result.update(self._roll(interrupted))
        self._module.exit_json(**result)

    def _target(self):
        params = self._module.params
        words = ["--to", params["version"]]
        if params["release"]:
            words += ["--release", params["release"]]
        if params["allow_outage"]:
            words.append("--allow-outage")
        return words

    def _plan(self):
        return self._cli.call("plan", *self._target(), allowed=(OK, CHANGES)).document

    def _interrupted_run(self):
        """The id of an open run to this release that only has to go on, or None."""
        for run in self._status()["open_runs"]:
            if run["version"] != self._module.params["version"]:
                continue
            if run["outcome"] is None:
                return run["id"]
            self._module.fail_json(
                msg="run {0} is {1}: {2}; see `zoowarden runs show {0}`, then `zoowarden resume {0}` "
                    "or `zoowarden rollback {0}`".format(
                        run["id"], run["outcome"], run["outcome_text"]), run=run)
        return None

    def _status(self):
        # 1 = the ensemble needs attention, which the plan will judge.
        answer = self._cli.call("status", allowed=(0, 1))
        if "members" not in answer.document:
            self._cli.fail(answer, ("status",))
        return answer.document

    def _roll(self, interrupted):
        if interrupted:
            words = ["resume", interrupted, "--yes"]
        else:
            words = ["upgrade"] + self._target() + ["--yes"]
        answer = self._cli.call(*words, allowed=range(256))
        result = {"run": _run(answer.document), "versions": self._versions()}
        if answer.code != OK:
            # Servers were restarted, even where all are back.
            self._cli.fail(answer, words, changed=result["run"] is not None, **result)
        return result

    def _versions(self):
        return {str(member["id"]): member["version"] for member in self._status()["members"]}


def _run(document):
    """The run of an answer, without its long record; None when none was begun."""
    if "id" not in document:
        return None
    return {key: value for key, value in document.items() if key not in ("events", "error")}


def _difference(plan):
    """Before and after, a line a server, and what changes in the settings."""
    before, after, settings = [], [], []
    for step in sorted(plan["steps"], key=lambda step: step["server"]):
        for lines, side in ((before, "from"), (after, "to")):
            generation = step[side]
            lines.append("server {0}: release {1}, configuration {2}\n".format(
                step["server"], generation["version"], generation["configuration_digest"][:16]))
        if step["diff"]:
            settings.append({"prepared": "settings of server {0}\n{1}".format(
                step["server"], step["diff"])})
    header = "ensemble {0}".format(plan["ensemble"])
    return [{"before": "".join(before), "after": "".join(after),
             "before_header": header, "after_header": header}] + settings


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(
            version={"type": "str", "required": True},
            release={"type": "path"},
            allow_outage={"type": "bool", "default": False}),
        supports_check_mode=True)
    Upgrade(module).main()


if __name__ == "__main__":
    main()
