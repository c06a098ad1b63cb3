"""How often the sessions of downloads that are being sent are extended."""

import pytest

from app.services.sales.active_downloads import LONGEST_PAUSE, ActiveDownloads


@pytest.mark.parametrize(
    ("minutes", "seconds"), [(1, 15), (2, 30), (4, LONGEST_PAUSE), (60, LONGEST_PAUSE)]
)
def test_a_session_is_extended_several_times_before_it_would_end(minutes, seconds):
    assert ActiveDownloads(None, minutes)._pause == seconds
