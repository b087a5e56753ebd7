import pytest

from zoowarden_lab import demo


def act(name, **changes):
    good = {"act": name, "order": [1, 2, 3], "leader_last": True,
            "elections": 1, "acked": 1000, "lost": 0, "phantom": 0,
            "versions_after": {"1": "3.9.4", "2": "3.9.4", "3": "3.9.4"}}
    return {**good, **changes}


def both(upgrade=None, rollback=None):
    first = {"outcome": "succeeded", **(upgrade or {})}
    second = {"outcome": "rolled_back", "order": [1], **(rollback or {})}
    return demo.faults(act("upgrade", **first), act("rollback", **second), 3)


def test_a_demo_as_it_should_be_has_no_faults():
    assert both() == []


@pytest.mark.parametrize("changes", [
    {"outcome": "halted"}, {"lost": 1}, {"phantom": 1}, {"acked": 0}, {"leader_last": False},
    {"elections": 2}, {"order": [1, 2]}, {"versions_after": {"1": "3.9.4", "2": "", "3": "3.9.4"}}])
def test_anything_else_in_the_upgrade_is_a_fault(changes):
    assert len(both(upgrade=changes)) == 1


@pytest.mark.parametrize("changes", [{"outcome": "succeeded"}, {"order": [1, 2]}, {"lost": 2},
                                     {"versions_after": {"1": "3.9.5"}}])
def test_anything_else_in_the_rollback_is_a_fault(changes):
    assert len(both(rollback=changes)) == 1
