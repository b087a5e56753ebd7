import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """No test touches the real cache."""
    monkeypatch.setenv("ZOOWARDEN_LAB_CACHE", str(tmp_path_factory.mktemp("cache")))
