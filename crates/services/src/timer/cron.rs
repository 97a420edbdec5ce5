//! The six fields of AWS's `cron`: minutes, hours, day of month, month, day of week, year.
//!
//! Of the two fields for days exactly one says which; the other is `?`. A week begins with Sunday, which is 1.

use jiff::civil::{Date, DateTime, Weekday};

use super::Invalid;

/// Source: EventBridge User Guide, "Cron expressions" (read 2026-11-24).
const YEARS: (u16, u16) = (1970, 2199);

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Times of the clock on the wall.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    minutes: Vec<u16>,
    hours: Vec<u16>,
    days: Vec<Day>,
    months: Vec<u16>,
    years: Vec<u16>,
}

/// Which days of a month.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Day {
    Date(u16),
    Last,
    /// Monday to Friday, the closest to this date within the month.
    WorkingAt(u16),
    LastWorking,
    /// Every such day of the week; 1 is Sunday.
    Weekday(u16),
    LastWeekday(u16),
    NthWeekday(u16, u16),
}

/// The values that a field may have, and their names.
struct Field {
    from: u16,
    to: u16,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { from: 0, to: 59, names: &[] };
const HOUR: Field = Field { from: 0, to: 23, names: &[] };
const DATE: Field = Field { from: 1, to: 31, names: &[] };
const MONTH: Field = Field { from: 1, to: 12, names: &MONTHS };
const WEEKDAY: Field = Field { from: 1, to: 7, names: &WEEKDAYS };
const YEAR: Field = Field { from: YEARS.0, to: YEARS.1, names: &[] };

impl Cron {
    pub(super) fn parse(text: &str) -> Result<Cron, Invalid> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, dates, months, weekdays, years] = fields[..] else { return Err(Invalid) };
        let days = match (dates, weekdays) {
            ("?", "?") => return Err(Invalid),
            (dates, "?") => listed(dates, date)?,
            ("?", weekdays) => listed(weekdays, weekday)?,
            _ => return Err(Invalid),
        };
        Ok(Cron {
            minutes: MINUTE.values(minutes)?,
            hours: HOUR.values(hours)?,
            days,
            months: MONTH.values(months)?,
            years: YEAR.values(years)?,
        })
    }

    /// All times from this one on, in order.
    pub(super) fn shown_from(&self, from: DateTime) -> impl Iterator<Item = DateTime> {
        let first = from.date();
        let months = self.years.iter().flat_map(|year| self.months.iter().map(move |month| (*year, *month)));
        let months = months.filter_map(|(year, month)| Date::new(year.cast_signed(), month as i8, 1).ok());
        let dates = months.filter(move |month| month.last_of_month() >= first).flat_map(|month| self.dates(month));
        let times = dates.filter(move |date| *date >= first).flat_map(move |date| {
            let hours = self.hours.iter();
            hours.flat_map(move |hour| self.minutes.iter().map(move |minute| date.at(*hour as i8, *minute as i8, 0, 0)))
        });
        times.skip_while(move |shown| *shown < from)
    }

    fn dates(&self, month: Date) -> Vec<Date> {
        let days = 1..=month.days_in_month();
        let dates = days.filter_map(|day| Date::new(month.year(), month.month(), day).ok());
        dates.filter(|date| self.days.iter().any(|day| day.is(*date))).collect()
    }
}

impl Day {
    fn is(self, date: Date) -> bool {
        let number = u16::from(date.day().unsigned_abs());
        let weekday = u16::from(date.weekday().to_sunday_one_offset().unsigned_abs());
        let last = u16::from(date.days_in_month().unsigned_abs());
        match self {
            Day::Date(wanted) => wanted == number,
            Day::Last => number == last,
            Day::WorkingAt(wanted) => Some(date) == working_day(date, wanted),
            Day::LastWorking => Some(date) == working_day(date, last),
            Day::Weekday(wanted) => wanted == weekday,
            Day::LastWeekday(wanted) => wanted == weekday && number + 7 > last,
            Day::NthWeekday(wanted, nth) => wanted == weekday && number.div_ceil(7) == nth,
        }
    }
}

/// The day from Monday to Friday that is closest to a day of this month, within it.
fn working_day(month: Date, day: u16) -> Option<Date> {
    let date = Date::new(month.year(), month.month(), i8::try_from(day).ok()?).ok()?;
    let (first, last) = (date.day() == 1, date.day() == date.days_in_month());
    let days = match date.weekday() {
        Weekday::Saturday if first => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if last => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    Date::new(date.year(), date.month(), date.day() + days).ok()
}

/// What a list means, part by part.
fn listed(text: &str, part: fn(&str) -> Result<Vec<Day>, Invalid>) -> Result<Vec<Day>, Invalid> {
    Ok(text.split(',').map(part).collect::<Result<Vec<_>, _>>()?.concat())
}

fn date(part: &str) -> Result<Vec<Day>, Invalid> {
    match part {
        "L" => Ok(vec![Day::Last]),
        "LW" => Ok(vec![Day::LastWorking]),
        _ => match part.strip_suffix('W') {
            Some(day) => Ok(vec![Day::WorkingAt(DATE.value(day)?)]),
            None => Ok(DATE.part(part)?.into_iter().map(Day::Date).collect()),
        },
    }
}

fn weekday(part: &str) -> Result<Vec<Day>, Invalid> {
    if part == "L" {
        return Ok(vec![Day::Weekday(WEEKDAY.to)]);
    }
    if let Some((day, nth)) = part.split_once('#') {
        let nth = Field { from: 1, to: 5, names: &[] }.value(nth)?;
        return Ok(vec![Day::NthWeekday(WEEKDAY.value(day)?, nth)]);
    }
    match part.strip_suffix('L') {
        Some(day) => Ok(vec![Day::LastWeekday(WEEKDAY.value(day)?)]),
        None => Ok(WEEKDAY.part(part)?.into_iter().map(Day::Weekday).collect()),
    }
}

impl Field {
    fn values(&self, text: &str) -> Result<Vec<u16>, Invalid> {
        let mut values = text.split(',').map(|part| self.part(part)).collect::<Result<Vec<_>, _>>()?.concat();
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    /// `*`, `5`, `1-5`, and each with a step: `*/10`, `5/10` (from 5 to the end), `1-30/5`.
    fn part(&self, part: &str) -> Result<Vec<u16>, Invalid> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step).filter(|step| *step > 0).ok_or(Invalid)?)),
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-'), step) {
            ("*", _, _) => (self.from, self.to),
            (_, Some((from, to)), _) => (self.value(from)?, self.value(to)?),
            (one, None, None) => (self.value(one)?, self.value(one)?),
            (from, None, Some(_)) => (self.value(from)?, self.to),
        };
        let all: Vec<u16> = match from <= to {
            true => (from..=to).collect(),
            // A range over the end, such as FRI-MON.
            false => (from..=self.to).chain(self.from..=to).collect(),
        };
        Ok(all.into_iter().step_by(step.unwrap_or(1).into()).collect())
    }

    fn value(&self, text: &str) -> Result<u16, Invalid> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(place) => u16::try_from(place).ok().map(|place| self.from + place),
            None => number(text),
        };
        value.filter(|value| (self.from..=self.to).contains(value)).ok_or(Invalid)
    }
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
