"""Runs one task of the collection: in a real play, or the module alone, which is ten times faster."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "ansible" / "ansible_collections" / "zoowarden" / "zookeeper"
PLAYBOOK = "/usr/bin/ansible-playbook"  # Debian's, whatever else is in PATH


def _run(command, directory, environment, text=None) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=directory, check=False, input=text or "", capture_output=True,
                          encoding="utf-8", timeout=600, env={**os.environ, **environment})


def module_alone(directory: pathlib.Path, module: str, options: dict, environment: dict,
                 **settings) -> dict:
    """What the module answers; `settings` are Ansible's own, as _ansible_check_mode."""
    words = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **settings}})
    child = _run([sys.executable, "-B", COLLECTION / "plugins" / "modules" / f"{module}.py"],
                 directory, {**environment, "PYTHONPATH": str(ROOT / "ansible")}, words)
    assert child.stdout.lstrip().startswith("{"), f"no JSON:\n{child.stdout}\n{child.stderr}"
    return json.loads(child.stdout)


def task(directory: pathlib.Path, module: str, options: dict, *flags, environment=None) -> dict:
    """The registered result of a task on localhost, through ansible-playbook with these flags."""
    result = directory / "result.json"
    tasks = [{"name": "the task", f"zoowarden.zookeeper.{module}": options, "register": "result",
              "ignore_errors": True},
             {"name": "what it answered", "ansible.builtin.copy": {
                 "content": "{{ result | to_json }}", "dest": str(result), "mode": "0600"},
              "check_mode": False, "diff": False}]
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    playbook = directory / "play.yml"
    playbook.write_text(json.dumps(play), encoding="utf-8")
    child = _run([PLAYBOOK, "-i", "localhost,", *flags, playbook], directory,
                 {**(environment or {}),
                  "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "ansible"),
                  "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                  "ANSIBLE_HOME": str(directory / "ansible"),
                  "ANSIBLE_NOCOLOR": "1"})
    assert child.returncode == 0, f"{child.stdout}\n{child.stderr}"
    return {**json.loads(result.read_text(encoding="utf-8")), "shown": child.stdout}
