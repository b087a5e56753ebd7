import tarfile

from zoowarden_lab import archive


FILES = {"bin/zkServer.sh": b"#!/bin/sh\n", "lib/b.jar": b"b" * 5000, "lib/a.jar": b"a"}


def test_the_same_files_make_the_same_bytes(tmp_path):
    archive.write(tmp_path / "one", "tree", FILES)
    archive.write(tmp_path / "two", "tree", dict(reversed(list(FILES.items()))))
    assert archive.sha512(tmp_path / "one") == archive.sha512(tmp_path / "two")


def test_what_was_written_is_read_back(tmp_path):
    archive.write(tmp_path / "one", "tree", FILES)
    assert archive.read(tmp_path / "one") == FILES


def test_there_is_one_top_level_directory_and_only_scripts_are_executable(tmp_path):
    archive.write(tmp_path / "one", "tree", FILES)
    with tarfile.open(tmp_path / "one") as made:
        entries = {entry.name: entry for entry in made}
    assert {name.split("/")[0] for name in entries} == {"tree"}
    assert entries["tree/bin/zkServer.sh"].mode == 0o755
    assert entries["tree/lib/a.jar"].mode == 0o644
    assert entries["tree/lib"].isdir()
