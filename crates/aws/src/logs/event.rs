//! Events of a group or of one stream, page by page.

use services::log::Group;
use services::log::read::{self, Event, Page, Place, Query, Streams};
use store::{Order, Timestamp};

use super::pattern::Pattern;
use super::{group, invalid, refuse};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::logs::{
    FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, GetLogEventsRequest, GetLogEventsResponse,
    OutputLogEvent,
};

/// Events of a page where the request names no limit. Source: CloudWatch Logs API model (read 2026-11-24).
const PAGE_EVENTS: usize = 10_000;
/// Text of a page. Source: API reference, GetLogEvents: "as many log events as can fit in 1 MB" (read 2026-11-24).
const PAGE_BYTES: usize = 1 << 20;
/// Pages of the log that one request looks through before it answers with what it has found.
const LOOKS_MAX: usize = 32;

pub fn filter_log_events(call: Call, input: FilterLogEventsRequest) -> Result<FilterLogEventsResponse, Error> {
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(invalid("logStreamNamePrefix and logStreamNames are mutually exclusive parameters."));
    }
    let group = group::existing(&call, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())
        .ok_or_else(|| invalid("Invalid filter pattern"))?;
    let streams = match (input.log_stream_names, input.log_stream_name_prefix) {
        (Some(names), _) => {
            group::existing_streams(&call, &group, &names)?;
            Streams::Named(names)
        }
        (None, Some(prefix)) => Streams::Prefix(prefix),
        (None, None) => Streams::All,
    };
    let beyond = input.next_token.map(|token| Place::parse(&token).ok_or_else(bad_token)).transpose()?;
    // The end is included, other than in GetLogEvents.
    let to = input.end_time.map(|end| end.saturating_add(1));
    let mut query = query(group, streams, input.start_time, to, input.limit);
    query.beyond = beyond;
    let page = look(&call, query, |event| pattern.matches(&event.text))?;
    let next_token = page.resume.filter(|_| page.more).map(|place| place.to_string());
    Ok(FilterLogEventsResponse {
        events: Some(page.events.into_iter().map(filtered).collect()),
        searched_log_streams: Some(Vec::new()),
        next_token,
    })
}

fn filtered(event: Event) -> FilteredLogEvent {
    FilteredLogEvent {
        event_id: Some(event.place.to_string()),
        log_stream_name: Some(event.stream),
        timestamp: Some(event.at.millis()),
        ingestion_time: Some(event.at.millis()),
        message: Some(event.text),
    }
}

/// Tokens are `f/` or `b/` and a place: after it, or before it. At either end the same token comes back.
pub fn get_log_events(call: Call, input: GetLogEventsRequest) -> Result<GetLogEventsResponse, Error> {
    let group = group::existing(&call, input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let token = input.next_token.as_deref().map(Token::parse).transpose()?;
    let order = match (&token, input.start_from_head) {
        (Some(token), _) => token.order,
        (None, Some(true)) => Order::Forward,
        (None, Some(false) | None) => Order::Reverse,
    };
    let stream = input.log_stream_name;
    let mut query =
        query(group.clone(), Streams::Named(vec![stream.clone()]), input.start_time, input.end_time, input.limit);
    query.order = order;
    query.beyond = token.map(|token| token.place);
    // Where nothing is found yet, what comes later is beyond the end as it was before the search.
    let end = Place::end(call.services.store());
    let beyond = query.beyond;
    let page = look(&call, query, |_| true)?;
    if page.events.is_empty() && beyond.is_none() {
        group::existing_streams(&call, &group, &[stream])?;
    }
    // At an end the token comes back as it was: that is how clients know.
    let at_end = page.events.is_empty() && !page.more;
    let onward = if at_end { beyond.or(page.resume) } else { page.resume.or(beyond) }.unwrap_or(end);
    let places = || page.events.iter().map(|event| event.place);
    let (forward, backward) = match order {
        Order::Forward => (onward, places().min().or(beyond).unwrap_or(onward)),
        Order::Reverse => (places().max().or(beyond).unwrap_or(end), onward),
    };
    Ok(GetLogEventsResponse {
        events: Some(page.events.into_iter().map(output).collect()),
        next_forward_token: Some(format!("f/{forward}")),
        next_backward_token: Some(format!("b/{backward}")),
    })
}

fn output(event: Event) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: Some(event.at.millis()),
        ingestion_time: Some(event.at.millis()),
        message: Some(event.text),
    }
}

struct Token {
    order: Order,
    place: Place,
}

impl Token {
    fn parse(text: &str) -> Result<Token, Error> {
        let (order, place) = match text.split_once('/') {
            Some(("f", place)) => (Order::Forward, place),
            Some(("b", place)) => (Order::Reverse, place),
            Some(_) | None => return Err(bad_token()),
        };
        Ok(Token { order, place: Place::parse(place).ok_or_else(bad_token)? })
    }
}

fn bad_token() -> Error {
    invalid("The specified nextToken is invalid.")
}

fn query(group: Group, streams: Streams, from: Option<i64>, to: Option<i64>, limit: Option<i32>) -> Query {
    Query {
        group,
        streams,
        from: Timestamp::from_millis(from.unwrap_or(0)),
        to: Timestamp::from_millis(to.unwrap_or(i64::MAX)),
        order: Order::Forward,
        beyond: None,
        limit: limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_EVENTS),
    }
}

/// Reads on until a page is full, the log is at its end, or enough has been looked through.
fn look(call: &Call, mut query: Query, wanted: impl Fn(&Event) -> bool) -> Result<Page, Error> {
    let limit = query.limit;
    let mut found = Page { events: Vec::new(), resume: query.beyond, more: true };
    let mut bytes = 0;
    for _ in 0..LOOKS_MAX {
        let page = read::events(call.services.store(), &query).map_err(refuse)?;
        (found.resume, found.more) = (page.resume, page.more);
        for event in in_reading_order(page.events, query.order) {
            if !wanted(&event) {
                continue;
            }
            if found.events.len() == limit || bytes + event.text.len() > PAGE_BYTES && !found.events.is_empty() {
                found.resume = found.events.last().map(|last| last.place);
                found.more = true;
                return Ok(sorted(found));
            }
            bytes += event.text.len();
            found.events.push(event);
        }
        if !found.more || found.events.len() == limit {
            break;
        }
        query.beyond = found.resume;
    }
    Ok(sorted(found))
}

fn in_reading_order(mut events: Vec<Event>, order: Order) -> Vec<Event> {
    events.sort_by_key(|event| event.place);
    if order == Order::Reverse {
        events.reverse();
    }
    events
}

fn sorted(mut page: Page) -> Page {
    page.events.sort_by_key(|event| (event.at, event.place));
    page
}
