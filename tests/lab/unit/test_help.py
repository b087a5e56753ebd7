"""What is said about the lab's commands, and that saying it builds nothing."""

import pathlib
import subprocess

import pytest

from zoowarden_lab import commands

X = pathlib.Path(__file__).resolve().parents[3] / "x"


@pytest.mark.parametrize(("words", "usage"), [
    (["demo", "--help"], "usage: ./x demo"),
    (["bench", "-h"], "usage: ./x bench"),
    (["lab", "up", "--help"], "usage: ./x lab up"),
    (["lab", "up", "--hosts", "--help"], "usage: ./x lab up"),
    (["lab", "--help"], "usage: ./x lab"),
    (["lab"], "usage: ./x lab")])
def test_help_builds_and_installs_nothing(words, usage, tmp_path):
    for tool in ("cmake", "apt-get", "dpkg-query", "dpkg-buildpackage"):
        stub = tmp_path / tool
        stub.write_text(f"#!/bin/sh\ntouch {tmp_path}/called\nexit 1\n", encoding="ascii")
        stub.chmod(0o755)
    said = subprocess.run([X, *words], capture_output=True, text=True, check=False,
                          env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)})
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith(usage)
    assert not (tmp_path / "called").exists()


def test_only_what_zoowarden_manages_is_offered(capsys):
    for words in (["up", "--dir", "lab"], ["releases"]):
        with pytest.raises(SystemExit):
            commands.parser().parse_args([*words, "--version", "3.4.14"])
        assert "3.5.10" in capsys.readouterr().err
        assert commands.parser().parse_args([*words, "--version", "3.6.4"])
