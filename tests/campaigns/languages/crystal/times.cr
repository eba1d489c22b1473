t = Time.utc(2024, 2, 28, 23, 59, 30, nanosecond: 5)
p t + 1.day, t + 45.seconds, t.to_rfc3339, t.to_unix, t.day_of_week, t.at_end_of_month.day, Time.leap_year?(2024), t.to_s("%Y/%j %H:%M:%S.%N")
p Time.parse_utc("2020-05-06 07:08:09", "%F %T") - t, (3.hours + 5.minutes).total_seconds, 90.minutes, Time::Span.new(days: 1, hours: 2).to_s, t <=> t + 1.nanosecond
p Time.parse_rfc3339("2021-01-01T00:00:00+02:00").to_utc, Time::Format::HTTP_DATE.format(t), t.shift(months: 1), Time.unix(0), t.calendar_week
p Time.measure { 1 }.class, Time.monotonic.class
