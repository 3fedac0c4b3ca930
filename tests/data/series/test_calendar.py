"""Times are read as Python reads them, and every cycle closes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.series.calendar import CYCLES, DAY, calendar, calendar_names, cycles_of, parse_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-07-01 13:00:00", datetime(2016, 7, 1, 13, tzinfo=UTC)),
        ("2016-07-01T13:00:00+02:00", datetime(2016, 7, 1, 11, tzinfo=UTC)),
        ("2016-07-01", datetime(2016, 7, 1, tzinfo=UTC)),
        ("20160701", datetime(2016, 7, 1, tzinfo=UTC)),
        ("1949-01", datetime(1949, 1, 1, tzinfo=UTC)),
        ("2016/07/31 06:30", datetime(2016, 7, 31, 6, 30, tzinfo=UTC)),
        ("31.07.2016", datetime(2016, 7, 31, tzinfo=UTC)),
        ("Jan 1 2000", datetime(2000, 1, 1, tzinfo=UTC)),
        ("1 Jan 2000", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_in_many_forms(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment.timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "07/31/2016", "2016-13-01", "12"])
def test_what_is_no_time_or_not_a_plain_one(text: str) -> None:
    with pytest.raises(ValueError, match=f"expected a time such as 2024-01-31 or 2024-01-31 13:00, got '{text}'"):
        parse_time(text)


@given(seconds=st.integers(-(2**31), 2**31), name=st.sampled_from(tuple(CYCLES)))
def test_a_cycle_closes_and_is_a_circle(seconds: int, name: str) -> None:
    times = np.array([seconds, seconds + CYCLES[name], seconds + CYCLES[name] / 2])
    here, again, opposite = calendar(times, [name])
    np.testing.assert_allclose(here, again, atol=1e-5)
    np.testing.assert_allclose(here, -opposite, atol=1e-5)
    assert np.hypot(*here) == pytest.approx(1)


def test_every_weekday_has_its_place() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    days = [(start + timedelta(days=i)).timestamp() for i in range(14)]
    places = calendar(np.array(days), ["week"]).round(6)
    assert len({tuple(place) for place in places}) == 7
    np.testing.assert_array_equal(places[:7], places[7:])


def test_only_cycles_longer_than_a_step_are_read() -> None:
    assert cycles_of(1800 * np.arange(5.0)) == ("day", "week", "year")
    assert cycles_of(30 * DAY * np.arange(5.0)) == ("year",)
    assert cycles_of(366 * DAY * np.arange(5.0)) == ()
    assert calendar(np.zeros((2, 3)), ()).shape == (2, 3, 0)
    assert calendar(np.zeros((2, 3)), ("day", "year")).shape == (2, 3, len(calendar_names(("day", "year"))))
