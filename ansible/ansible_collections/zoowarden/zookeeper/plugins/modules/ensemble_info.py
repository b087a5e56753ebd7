#!/usr/bin/python
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what an ensemble is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: ensemble_info
short_description: What runs where in a ZooKeeper ensemble, and who leads
description:
  - Asks every agent of the ensemble, through C(zoowarden status). Changes nothing.
  - An ensemble that needs attention is an answer, not a failure; C(healthy) in the result tells which.
author:
  - Zoowarden maintainers (@zoowarden)
extends_documentation_fragment:
  - zoowarden.zookeeper.zoowarden
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: There is never a difference.
seealso:
  - module: zoowarden.zookeeper.ensemble_upgrade
"""

EXAMPLES = r"""
- name: See that all members serve before doing something else
  zoowarden.zookeeper.ensemble_info:
    ensemble: /srv/payments/ensemble.yaml
    pki: /srv/payments/operator
  register: zookeeper
  delegate_to: localhost
  failed_when: not zookeeper.healthy
"""

RETURN = r"""
ensemble:
  description: The ensemble's name.
  returned: success
  type: str
  sample: payments
healthy:
  description: Whether all members serve and nothing waits for an operator.
  returned: success
  type: bool
  sample: true
leader:
  description: The leader's server id; null when there is none, or more than one.
  returned: success
  type: int
  sample: 3
members:
  description: One element a declared server, by id.
  returned: success
  type: list
  elements: dict
  sample:
    - {id: 1, host: zk1.example, role: follower, version: 3.9.4, zxid: "0x100000002", pid: 812,
       state: serving}
problems:
  description: What needs attention, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
warnings_of_ensemble:
  description: What is odd and needs no attention now, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
open_runs:
  description: Runs that are not closed.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.zoowarden.zookeeper.plugins.module_utils.zoowarden_cli import (
    Cli, argument_spec)


def main():
    """Asks and answers."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    # 1 = the ensemble needs attention; an error has no members.
    answer = Cli(module).call("status", allowed=(0, 1))
    status = answer.document
    if "members" not in status:
        Cli(module).fail(answer, ("status",))
    module.exit_json(
        changed=False, ensemble=status["ensemble"], healthy=status["healthy"],
        leader=status["leader"], members=status["members"], problems=status["problems"],
        warnings_of_ensemble=status["warnings"], open_runs=status["open_runs"])


if __name__ == "__main__":
    main()
