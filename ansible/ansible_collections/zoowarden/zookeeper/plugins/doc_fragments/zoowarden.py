# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules share."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment:
    """What every module says of how it reaches Zoowarden."""

    DOCUMENTATION = r"""
options:
  ensemble:
    description:
      - The C(ensemble.yaml) that says what the ensemble should be.
      - The environment variable C(ZOOWARDEN_ENSEMBLE) is the default.
    type: path
  pki:
    description:
      - The directory with the C(ca.pem), C(cert.pem) and C(key.pem) to speak to the agents with.
      - The environment variable C(ZOOWARDEN_PKI) is the default.
    type: path
  state:
    description:
      - The directory for the controller's own records of its runs.
      - The environment variable C(ZOOWARDEN_STATE) is the default.
    type: path
  executable:
    description:
      - The C(zoowarden) program; a name without a slash is looked up in C(PATH).
    type: str
    default: zoowarden
requirements:
  - The C(zoowarden) program on the host that the module runs on. That is the control machine, not the
    ZooKeeper servers, so use it with C(delegate_to) or C(connection=local).
"""
