import os
import pathlib
import signal
import subprocess

import pytest

from zoowarden_lab import down, layout, processes
from zoowarden_lab.errors import LabError

LAB = pathlib.Path("/tmp/lab one")


@pytest.mark.parametrize("word", ["/tmp/lab one/agents/1/zoo.cfg", "-Dx=/tmp/lab one/logs",
                                  "/usr/lib/a.jar:/tmp/lab one/b.jar"])
def test_a_path_below_the_lab_is_recognised_in_a_word(word):
    assert down._names(["java", word], LAB)


@pytest.mark.parametrize("word", ["/tmp/lab one", "/tmp/lab one2/zoo.cfg",
                                  "/x/tmp/lab one/zoo.cfg"])
def test_other_paths_are_not_of_the_lab(word):
    assert not down._names(["java", word], LAB)


def sleeper(**environment):
    child = subprocess.Popen(["sleep", "60"], env={**os.environ, **environment})
    return child, processes.find(child.pid)


def test_only_marked_processes_belong_to_the_lab():
    marked, marked_process = sleeper(**{layout.PROCESS_MARK: str(LAB)})
    other, other_process = sleeper(**{layout.DIRECTORY_MARK: str(LAB)})
    try:
        assert down._belongs(marked_process, LAB)
        assert not down._belongs(other_process, LAB)
    finally:
        marked.kill()
        other.kill()
        marked.wait()
        other.wait()


def test_ending_reaches_a_stopped_process_and_an_ended_one_is_not_signalled():
    child, process = sleeper()
    process.signal(signal.SIGSTOP)
    assert processes.end([process], grace=0) == []
    assert child.wait() == -signal.SIGKILL
    process.signal(signal.SIGTERM)
    assert not process.alive()


def test_down_of_nothing_is_harmless_but_the_root_directory_is_refused(tmp_path):
    down.down(tmp_path / "none")
    with pytest.raises(LabError, match="cannot be a lab"):
        down.down("/")


def test_files_of_the_user_stay(tmp_path):
    lab = layout.Lab(tmp_path, 200, layout.Options())
    layout.save(lab)
    (tmp_path / "agents").mkdir()
    (tmp_path / "mine.json").write_text("{}", encoding="utf-8")
    down.down(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_a_directory_holds_one_lab(tmp_path):
    layout.save(layout.Lab(tmp_path, 200, layout.Options(settings=(("a", "b"),))))
    assert layout.load(tmp_path).options.settings == (("a", "b"),)
    with pytest.raises(LabError, match="already"):
        layout.save(layout.Lab(tmp_path, 201, layout.Options()))
