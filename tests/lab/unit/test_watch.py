import pytest

from zoowarden_lab import watch


def seen(*replacements):
    """A watch that has seen these (server, was_leader) pairs."""
    made = object.__new__(watch.Watch)
    made._replaced = [watch.Replacement(server, 0.0, was_leader)
                      for server, was_leader in replacements]
    return made


@pytest.mark.parametrize("replacements", [
    [(1, False), (2, False), (3, True)],
    [(1, False)],
    [],
    # Forward to the leader, and back in reverse with the then leader last.
    [(1, False), (2, False), (3, True), (3, False), (1, False), (2, True)],
])
def test_the_leader_was_last(replacements):
    assert seen(*replacements).leader_last


def test_a_leader_before_others_is_noticed():
    assert not seen((1, False), (3, True), (2, False)).leader_last


def test_the_order_is_that_of_first_restarts():
    made = seen((2, False), (1, False), (1, False), (2, False))
    assert made.order == [2, 1]
    assert made.restarts == [2, 1, 1, 2]
