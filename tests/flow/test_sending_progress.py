"""Progress of an upload: the rate and the end are told once they are known, and not when all is done."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.flow.sending_progress import sending


def test_an_upload_tells_its_rate_and_its_end_once_they_are_known_and_ends_at_n_of_n() -> None:
    told: list[str] = []
    now = dt.datetime(2026, 11, 2, 12, 0, tzinfo=dt.UTC)
    moments = iter(
        [now, now + dt.timedelta(seconds=1), now + dt.timedelta(seconds=60), now + dt.timedelta(seconds=120)]
    )
    tell = sending(told.append, lambda: next(moments))
    for settled in (0, 1, 100, 1201):
        tell(settled, 1201)
    assert told == [
        "sent 0 of 1,201 requests",
        "sent 1 of 1,201 requests",
        "sent 100 of 1,201 requests, 100 a minute, the last at about 12:12Z",
        "sent 1,201 of 1,201 requests",
    ]


def test_an_upload_that_goes_on_counts_its_rate_from_where_it_began() -> None:
    told: list[str] = []
    now = dt.datetime(2026, 11, 2, 12, 0, tzinfo=dt.UTC)
    moments = iter([now, now + dt.timedelta(minutes=1)])
    tell = sending(told.append, lambda: next(moments))
    tell(500, 1100)
    tell(600, 1100)
    assert told[-1] == "sent 600 of 1,100 requests, 100 a minute, the last at about 12:06Z"
