# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls the zoowarden program and reads its JSON (docs/json.md there).

The program holds all the rules; the modules only ask it and report what it says.
"""

from __future__ import absolute_import, division, print_function

import json

from ansible.module_utils.basic import env_fallback

__metaclass__ = type

# `zoowarden help exit-codes`; never change.
OK, CHANGES, HALTED = 0, 3, 10
SCHEMA_VERSION = 1
VARIABLES = {"ensemble": "ZOOWARDEN_ENSEMBLE", "pki": "ZOOWARDEN_PKI", "state": "ZOOWARDEN_STATE"}


def argument_spec(**more):
    """The options of every module, and those of one."""
    spec = {"executable": {"type": "str", "default": "zoowarden"}}
    for option, variable in VARIABLES.items():
        spec[option] = {"type": "path", "fallback": (env_fallback, [variable])}
    spec.update(more)
    return spec


class Answer:
    """How one call of the program ended."""

    def __init__(self, code, document, said):
        self.code = code
        self.document = document
        self.said = said  # the last lines of stderr

    @property
    def error(self):
        """The error object; of a refused plan, its first refusal; or an empty one."""
        if self.document.get("error"):
            return self.document["error"]
        for refusal in self.document.get("refusals", []):
            return {"reason": refusal["reason"], "message": refusal["text"]}
        return {}


class Cli:
    """The program, for one module call."""

    def __init__(self, module):
        self._module = module

    def call(self, *words, **options):
        """Runs `zoowarden WORDS -o json`; `allowed` names the exit codes that are answers."""
        allowed = options.get("allowed", (OK,))
        command = [self._executable()] + [str(word) for word in words] + ["-o", "json"]
        variables = {variable: self._module.params[option] for option, variable in VARIABLES.items()
                     if self._module.params[option]}
        code, out, err = self._module.run_command(command, environ_update=variables)
        answer = Answer(code, self._document(command, code, out, err), _tail(err))
        if code not in allowed:
            self.fail(answer, words)
        return answer

    def fail(self, answer, words, **more):
        """Ends the module with what the program said, for people and for machines."""
        error = answer.error
        message = error.get("message") or answer.said or "exit code {0}".format(answer.code)
        if error.get("next"):
            message += "; " + error["next"]
        self._module.fail_json(msg="zoowarden {0}: {1}".format(words[0], message),
                               exit_code=answer.code, reason=error.get("reason"), **more)

    def _executable(self):
        name = self._module.params["executable"]
        return name if "/" in name else self._module.get_bin_path(name, required=True)

    def _document(self, command, code, out, err):
        try:
            document = json.loads(out)
        except ValueError:
            self._module.fail_json(
                msg="{0} gave no JSON (exit code {1}): {2}".format(
                    " ".join(command), code, _tail(err) or out[:500]), exit_code=code)
        version = document.get("schema_version") if isinstance(document, dict) else None
        if version != SCHEMA_VERSION:
            self._module.fail_json(
                msg="{0} speaks schema {1}, this collection speaks {2}: use matching versions".format(
                    command[0], version, SCHEMA_VERSION), exit_code=code)
        return document


def _tail(text):
    return "\n".join(text.strip().splitlines()[-5:])
