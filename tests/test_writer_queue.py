"""Writers take turns, and wait for a limited time."""

import threading
import time

import pytest

from app.errors import Unavailable
from app.writer_queue import FEW, STUCK_SECONDS, WriterQueue


@pytest.fixture
def queue():
    return WriterQueue(most=2)


def wait(queue, seconds=0.1, outcomes=None):
    """Return how long a writer waits that is told to try again."""
    started = time.monotonic()
    try:
        with queue.turn(seconds) as turn:
            turn.has_come = True
    except Unavailable as error:
        assert error.retry_after
    else:
        pytest.fail("it got a turn")
    waited = time.monotonic() - started
    if outcomes is not None:
        outcomes.append(waited)
    return waited


def test_one_writes_at_a_time_and_each_gets_its_turn(queue):
    most, under_way, done = 0, [], []

    def write():
        nonlocal most
        with queue.turn(5) as turn:
            turn.has_come = True
            under_way.append(1)
            most = max(most, len(under_way))
            time.sleep(0.01)
            under_way.pop()
            done.append(1)

    queue = WriterQueue(most=20)
    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(done)) == (1, 20)


def test_who_waits_for_too_long_is_told_to_try_again(queue):
    with queue.turn(1) as turn:
        turn.has_come = True
        assert 0.1 <= wait(queue) < 1
    assert not queue.is_stuck


def test_only_some_may_wait(queue):
    outcomes = []
    with queue.turn(1) as turn:
        turn.has_come = True
        threads = [
            threading.Thread(target=wait, args=(queue, 0.5, outcomes)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        assert wait(queue, 5) < 0.1
        for thread in threads:
            thread.join()
    assert min(outcomes) >= 0.5


def test_after_one_that_waited_in_vain_few_try_and_the_others_are_refused():
    queue = WriterQueue(most=20)
    with pytest.raises(Unavailable), queue.turn(10):
        raise Unavailable("the database is locked by another program")
    with queue.turn(10) as turn:
        assert turn.seconds_left <= STUCK_SECONDS
        threads = [threading.Thread(target=wait, args=(queue, 10)) for _ in range(FEW)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        assert wait(queue, 10) < 0.1
        for thread in threads:
            thread.join()
        turn.has_come = True
    with queue.turn(10) as turn:
        assert turn.seconds_left > STUCK_SECONDS
