//! Shapes of `logs`, written by `cargo xtask shapes` from `models/logs.json`: change them there.

use serde::{Deserialize, Serialize};

use crate::shape::{Described, Input, Limits, Member, Other, Output, Place, Protocol, Service, Shape, Text};

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DescribeLogGroupsRequest {
    #[serde(rename = "accountIdentifiers")]
    pub account_identifiers: Option<Vec<String>>,
    #[serde(rename = "logGroupNamePrefix")]
    pub log_group_name_prefix: Option<String>,
    #[serde(rename = "logGroupNamePattern")]
    pub log_group_name_pattern: Option<String>,
    #[serde(rename = "nextToken")]
    pub next_token: Option<String>,
    #[serde(rename = "limit")]
    pub limit: Option<i32>,
    #[serde(rename = "includeLinkedAccounts")]
    pub include_linked_accounts: Option<bool>,
    #[serde(rename = "logGroupClass")]
    pub log_group_class: Option<String>,
    #[serde(rename = "logGroupIdentifiers")]
    pub log_group_identifiers: Option<Vec<String>>,
}

impl Input for DescribeLogGroupsRequest {
    fn members() -> &'static [Member] {
        &DESCRIBE_LOG_GROUPS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DescribeLogGroupsResponse {
    #[serde(rename = "logGroups", skip_serializing_if = "Option::is_none")]
    pub log_groups: Option<Vec<LogGroup>>,
    #[serde(rename = "nextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Output for DescribeLogGroupsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DescribeLogStreamsRequest {
    #[serde(rename = "logGroupName")]
    pub log_group_name: Option<String>,
    #[serde(rename = "logGroupIdentifier")]
    pub log_group_identifier: Option<String>,
    #[serde(rename = "logStreamNamePrefix")]
    pub log_stream_name_prefix: Option<String>,
    #[serde(rename = "orderBy")]
    pub order_by: Option<String>,
    #[serde(rename = "descending")]
    pub descending: Option<bool>,
    #[serde(rename = "nextToken")]
    pub next_token: Option<String>,
    #[serde(rename = "limit")]
    pub limit: Option<i32>,
}

impl Input for DescribeLogStreamsRequest {
    fn members() -> &'static [Member] {
        &DESCRIBE_LOG_STREAMS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DescribeLogStreamsResponse {
    #[serde(rename = "logStreams", skip_serializing_if = "Option::is_none")]
    pub log_streams: Option<Vec<LogStream>>,
    #[serde(rename = "nextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Output for DescribeLogStreamsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct FilterLogEventsRequest {
    #[serde(rename = "logGroupName")]
    pub log_group_name: Option<String>,
    #[serde(rename = "logGroupIdentifier")]
    pub log_group_identifier: Option<String>,
    #[serde(rename = "logStreamNames")]
    pub log_stream_names: Option<Vec<String>>,
    #[serde(rename = "logStreamNamePrefix")]
    pub log_stream_name_prefix: Option<String>,
    #[serde(rename = "startTime")]
    pub start_time: Option<i64>,
    #[serde(rename = "endTime")]
    pub end_time: Option<i64>,
    #[serde(rename = "filterPattern")]
    pub filter_pattern: Option<String>,
    #[serde(rename = "nextToken")]
    pub next_token: Option<String>,
    #[serde(rename = "limit")]
    pub limit: Option<i32>,
    #[serde(rename = "startFromHead")]
    pub start_from_head: Option<bool>,
    #[serde(rename = "interleaved")]
    pub interleaved: Option<bool>,
    #[serde(rename = "unmask")]
    pub unmask: Option<bool>,
}

impl Input for FilterLogEventsRequest {
    fn members() -> &'static [Member] {
        &FILTER_LOG_EVENTS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FilterLogEventsResponse {
    #[serde(rename = "events", skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<FilteredLogEvent>>,
    #[serde(rename = "searchedLogStreams", skip_serializing_if = "Option::is_none")]
    pub searched_log_streams: Option<Vec<SearchedLogStream>>,
    #[serde(rename = "nextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Output for FilterLogEventsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FilteredLogEvent {
    #[serde(rename = "logStreamName", skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<String>,
    #[serde(rename = "timestamp", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    #[serde(rename = "message", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(rename = "ingestionTime", skip_serializing_if = "Option::is_none")]
    pub ingestion_time: Option<i64>,
    #[serde(rename = "eventId", skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct GetLogEventsRequest {
    #[serde(rename = "logGroupName")]
    pub log_group_name: Option<String>,
    #[serde(rename = "logGroupIdentifier")]
    pub log_group_identifier: Option<String>,
    #[serde(rename = "logStreamName")]
    pub log_stream_name: String,
    #[serde(rename = "startTime")]
    pub start_time: Option<i64>,
    #[serde(rename = "endTime")]
    pub end_time: Option<i64>,
    #[serde(rename = "nextToken")]
    pub next_token: Option<String>,
    #[serde(rename = "limit")]
    pub limit: Option<i32>,
    #[serde(rename = "startFromHead")]
    pub start_from_head: Option<bool>,
    #[serde(rename = "unmask")]
    pub unmask: Option<bool>,
}

impl Input for GetLogEventsRequest {
    fn members() -> &'static [Member] {
        &GET_LOG_EVENTS_REQUEST
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GetLogEventsResponse {
    #[serde(rename = "events", skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<OutputLogEvent>>,
    #[serde(rename = "nextForwardToken", skip_serializing_if = "Option::is_none")]
    pub next_forward_token: Option<String>,
    #[serde(rename = "nextBackwardToken", skip_serializing_if = "Option::is_none")]
    pub next_backward_token: Option<String>,
}

impl Output for GetLogEventsResponse {}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LogGroup {
    #[serde(rename = "logGroupName", skip_serializing_if = "Option::is_none")]
    pub log_group_name: Option<String>,
    #[serde(rename = "creationTime", skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<i64>,
    #[serde(rename = "retentionInDays", skip_serializing_if = "Option::is_none")]
    pub retention_in_days: Option<i32>,
    #[serde(rename = "metricFilterCount", skip_serializing_if = "Option::is_none")]
    pub metric_filter_count: Option<i32>,
    #[serde(rename = "arn", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(rename = "storedBytes", skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<i64>,
    #[serde(rename = "kmsKeyId", skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    #[serde(rename = "logGroupClass", skip_serializing_if = "Option::is_none")]
    pub log_group_class: Option<String>,
    #[serde(rename = "logGroupArn", skip_serializing_if = "Option::is_none")]
    pub log_group_arn: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LogStream {
    #[serde(rename = "logStreamName", skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<String>,
    #[serde(rename = "creationTime", skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<i64>,
    #[serde(rename = "firstEventTimestamp", skip_serializing_if = "Option::is_none")]
    pub first_event_timestamp: Option<i64>,
    #[serde(rename = "lastEventTimestamp", skip_serializing_if = "Option::is_none")]
    pub last_event_timestamp: Option<i64>,
    #[serde(rename = "lastIngestionTime", skip_serializing_if = "Option::is_none")]
    pub last_ingestion_time: Option<i64>,
    #[serde(rename = "uploadSequenceToken", skip_serializing_if = "Option::is_none")]
    pub upload_sequence_token: Option<String>,
    #[serde(rename = "arn", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(rename = "storedBytes", skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OutputLogEvent {
    #[serde(rename = "timestamp", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    #[serde(rename = "message", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(rename = "ingestionTime", skip_serializing_if = "Option::is_none")]
    pub ingestion_time: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SearchedLogStream {
    #[serde(rename = "logStreamName", skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<String>,
    #[serde(rename = "searchedCompletely", skip_serializing_if = "Option::is_none")]
    pub searched_completely: Option<bool>,
}

static ACCOUNT_ID: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("^\\d{12}$")),
    values: &[],
    limits: Limits { min: Some(12.0), max: Some(12.0) },
    hidden: false,
});
static ACCOUNT_IDS: Shape = Shape::List { element: &ACCOUNT_ID, limits: Limits { min: Some(0.0), max: Some(20.0) } };
static DESCENDING: Shape = Shape::Boolean;
static DESCRIBE_LIMIT: Shape = Shape::Integer(Limits { min: Some(1.0), max: Some(50.0) });
static DESCRIBE_LOG_GROUPS_LOG_GROUP_IDENTIFIERS: Shape =
    Shape::List { element: &LOG_GROUP_IDENTIFIER, limits: Limits { min: Some(1.0), max: Some(50.0) } };
static DESCRIBE_LOG_GROUPS_REQUEST: [Member; 8] = [
    Member {
        name: "accountIdentifiers",
        key: "accountIdentifiers",
        place: Place::Body,
        required: false,
        shape: &ACCOUNT_IDS,
    },
    Member {
        name: "logGroupNamePrefix",
        key: "logGroupNamePrefix",
        place: Place::Body,
        required: false,
        shape: &LOG_GROUP_NAME,
    },
    Member {
        name: "logGroupNamePattern",
        key: "logGroupNamePattern",
        place: Place::Body,
        required: false,
        shape: &LOG_GROUP_NAME_PATTERN,
    },
    Member { name: "nextToken", key: "nextToken", place: Place::Body, required: false, shape: &NEXT_TOKEN },
    Member { name: "limit", key: "limit", place: Place::Body, required: false, shape: &DESCRIBE_LIMIT },
    Member {
        name: "includeLinkedAccounts",
        key: "includeLinkedAccounts",
        place: Place::Body,
        required: false,
        shape: &INCLUDE_LINKED_ACCOUNTS,
    },
    Member {
        name: "logGroupClass",
        key: "logGroupClass",
        place: Place::Body,
        required: false,
        shape: &LOG_GROUP_CLASS,
    },
    Member {
        name: "logGroupIdentifiers",
        key: "logGroupIdentifiers",
        place: Place::Body,
        required: false,
        shape: &DESCRIBE_LOG_GROUPS_LOG_GROUP_IDENTIFIERS,
    },
];
static DESCRIBE_LOG_STREAMS_REQUEST: [Member; 7] = [
    Member { name: "logGroupName", key: "logGroupName", place: Place::Body, required: false, shape: &LOG_GROUP_NAME },
    Member {
        name: "logGroupIdentifier",
        key: "logGroupIdentifier",
        place: Place::Body,
        required: false,
        shape: &LOG_GROUP_IDENTIFIER,
    },
    Member {
        name: "logStreamNamePrefix",
        key: "logStreamNamePrefix",
        place: Place::Body,
        required: false,
        shape: &LOG_STREAM_NAME,
    },
    Member { name: "orderBy", key: "orderBy", place: Place::Body, required: false, shape: &ORDER_BY },
    Member { name: "descending", key: "descending", place: Place::Body, required: false, shape: &DESCENDING },
    Member { name: "nextToken", key: "nextToken", place: Place::Body, required: false, shape: &NEXT_TOKEN },
    Member { name: "limit", key: "limit", place: Place::Body, required: false, shape: &DESCRIBE_LIMIT },
];
static EVENTS_LIMIT: Shape = Shape::Integer(Limits { min: Some(1.0), max: Some(10000.0) });
static FILTER_LOG_EVENTS_REQUEST: [Member; 12] = [
    Member { name: "logGroupName", key: "logGroupName", place: Place::Body, required: false, shape: &LOG_GROUP_NAME },
    Member {
        name: "logGroupIdentifier",
        key: "logGroupIdentifier",
        place: Place::Body,
        required: false,
        shape: &LOG_GROUP_IDENTIFIER,
    },
    Member {
        name: "logStreamNames",
        key: "logStreamNames",
        place: Place::Body,
        required: false,
        shape: &INPUT_LOG_STREAM_NAMES,
    },
    Member {
        name: "logStreamNamePrefix",
        key: "logStreamNamePrefix",
        place: Place::Body,
        required: false,
        shape: &LOG_STREAM_NAME,
    },
    Member { name: "startTime", key: "startTime", place: Place::Body, required: false, shape: &TIMESTAMP },
    Member { name: "endTime", key: "endTime", place: Place::Body, required: false, shape: &TIMESTAMP },
    Member { name: "filterPattern", key: "filterPattern", place: Place::Body, required: false, shape: &FILTER_PATTERN },
    Member { name: "nextToken", key: "nextToken", place: Place::Body, required: false, shape: &NEXT_TOKEN },
    Member { name: "limit", key: "limit", place: Place::Body, required: false, shape: &EVENTS_LIMIT },
    Member {
        name: "startFromHead",
        key: "startFromHead",
        place: Place::Body,
        required: false,
        shape: &START_FROM_HEAD,
    },
    Member { name: "interleaved", key: "interleaved", place: Place::Body, required: false, shape: &INTERLEAVED },
    Member { name: "unmask", key: "unmask", place: Place::Body, required: false, shape: &UNMASK },
];
static FILTER_PATTERN: Shape = Shape::Text(Text {
    pattern: None,
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(1024.0) },
    hidden: false,
});
static GET_LOG_EVENTS_REQUEST: [Member; 9] = [
    Member { name: "logGroupName", key: "logGroupName", place: Place::Body, required: false, shape: &LOG_GROUP_NAME },
    Member {
        name: "logGroupIdentifier",
        key: "logGroupIdentifier",
        place: Place::Body,
        required: false,
        shape: &LOG_GROUP_IDENTIFIER,
    },
    Member { name: "logStreamName", key: "logStreamName", place: Place::Body, required: true, shape: &LOG_STREAM_NAME },
    Member { name: "startTime", key: "startTime", place: Place::Body, required: false, shape: &TIMESTAMP },
    Member { name: "endTime", key: "endTime", place: Place::Body, required: false, shape: &TIMESTAMP },
    Member { name: "nextToken", key: "nextToken", place: Place::Body, required: false, shape: &NEXT_TOKEN },
    Member { name: "limit", key: "limit", place: Place::Body, required: false, shape: &EVENTS_LIMIT },
    Member {
        name: "startFromHead",
        key: "startFromHead",
        place: Place::Body,
        required: false,
        shape: &START_FROM_HEAD,
    },
    Member { name: "unmask", key: "unmask", place: Place::Body, required: false, shape: &UNMASK },
];
static INCLUDE_LINKED_ACCOUNTS: Shape = Shape::Boolean;
static INPUT_LOG_STREAM_NAMES: Shape =
    Shape::List { element: &LOG_STREAM_NAME, limits: Limits { min: Some(1.0), max: Some(100.0) } };
static INTERLEAVED: Shape = Shape::Boolean;
static LOG_GROUP_CLASS: Shape = Shape::Text(Text {
    pattern: None,
    values: &["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static LOG_GROUP_IDENTIFIER: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[\\w#+=/:,.@-]*")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(2048.0) },
    hidden: false,
});
static LOG_GROUP_NAME: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[\\.\\-_/#A-Za-z0-9]+")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(512.0) },
    hidden: false,
});
static LOG_GROUP_NAME_PATTERN: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[\\.\\-_/#A-Za-z0-9]*")),
    values: &[],
    limits: Limits { min: Some(0.0), max: Some(512.0) },
    hidden: false,
});
static LOG_STREAM_NAME: Shape = Shape::Text(Text {
    pattern: Some(crate::shape::Pattern::new("[^:*]*")),
    values: &[],
    limits: Limits { min: Some(1.0), max: Some(512.0) },
    hidden: false,
});
static NEXT_TOKEN: Shape =
    Shape::Text(Text { pattern: None, values: &[], limits: Limits { min: Some(1.0), max: None }, hidden: false });
static ORDER_BY: Shape = Shape::Text(Text {
    pattern: None,
    values: &["LogStreamName", "LastEventTime"],
    limits: Limits { min: None, max: None },
    hidden: false,
});
static START_FROM_HEAD: Shape = Shape::Boolean;
static TIMESTAMP: Shape = Shape::Long(Limits { min: Some(0.0), max: None });
static UNMASK: Shape = Shape::Boolean;
pub static SERVICE: Service = Service {
    protocol: Protocol::Json { version: "1.1", target: "Logs_20140328" },
    others: &[
        Other { name: "AssociateKmsKey", method: "POST", path: "/" },
        Other { name: "AssociateSourceToS3TableIntegration", method: "POST", path: "/" },
        Other { name: "CancelExportTask", method: "POST", path: "/" },
        Other { name: "CancelImportTask", method: "POST", path: "/" },
        Other { name: "CreateDelivery", method: "POST", path: "/" },
        Other { name: "CreateExportTask", method: "POST", path: "/" },
        Other { name: "CreateImportTask", method: "POST", path: "/" },
        Other { name: "CreateLogAnomalyDetector", method: "POST", path: "/" },
        Other { name: "CreateLogGroup", method: "POST", path: "/" },
        Other { name: "CreateLogStream", method: "POST", path: "/" },
        Other { name: "CreateLookupTable", method: "POST", path: "/" },
        Other { name: "CreateScheduledQuery", method: "POST", path: "/" },
        Other { name: "DeleteAccountPolicy", method: "POST", path: "/" },
        Other { name: "DeleteDataProtectionPolicy", method: "POST", path: "/" },
        Other { name: "DeleteDelivery", method: "POST", path: "/" },
        Other { name: "DeleteDeliveryDestination", method: "POST", path: "/" },
        Other { name: "DeleteDeliveryDestinationPolicy", method: "POST", path: "/" },
        Other { name: "DeleteDeliverySource", method: "POST", path: "/" },
        Other { name: "DeleteDestination", method: "POST", path: "/" },
        Other { name: "DeleteIndexPolicy", method: "POST", path: "/" },
        Other { name: "DeleteIntegration", method: "POST", path: "/" },
        Other { name: "DeleteLogAnomalyDetector", method: "POST", path: "/" },
        Other { name: "DeleteLogGroup", method: "POST", path: "/" },
        Other { name: "DeleteLogStream", method: "POST", path: "/" },
        Other { name: "DeleteLookupTable", method: "POST", path: "/" },
        Other { name: "DeleteMetricFilter", method: "POST", path: "/" },
        Other { name: "DeleteQueryDefinition", method: "POST", path: "/" },
        Other { name: "DeleteResourcePolicy", method: "POST", path: "/" },
        Other { name: "DeleteRetentionPolicy", method: "POST", path: "/" },
        Other { name: "DeleteScheduledQuery", method: "POST", path: "/" },
        Other { name: "DeleteSubscriptionFilter", method: "POST", path: "/" },
        Other { name: "DeleteSyslogConfiguration", method: "POST", path: "/" },
        Other { name: "DeleteTransformer", method: "POST", path: "/" },
        Other { name: "DescribeAccountPolicies", method: "POST", path: "/" },
        Other { name: "DescribeConfigurationTemplates", method: "POST", path: "/" },
        Other { name: "DescribeDeliveries", method: "POST", path: "/" },
        Other { name: "DescribeDeliveryDestinations", method: "POST", path: "/" },
        Other { name: "DescribeDeliverySources", method: "POST", path: "/" },
        Other { name: "DescribeDestinations", method: "POST", path: "/" },
        Other { name: "DescribeExportTasks", method: "POST", path: "/" },
        Other { name: "DescribeFieldIndexes", method: "POST", path: "/" },
        Other { name: "DescribeImportTaskBatches", method: "POST", path: "/" },
        Other { name: "DescribeImportTasks", method: "POST", path: "/" },
        Other { name: "DescribeIndexPolicies", method: "POST", path: "/" },
        Other { name: "DescribeLookupTables", method: "POST", path: "/" },
        Other { name: "DescribeMetricFilters", method: "POST", path: "/" },
        Other { name: "DescribeQueries", method: "POST", path: "/" },
        Other { name: "DescribeQueryDefinitions", method: "POST", path: "/" },
        Other { name: "DescribeResourcePolicies", method: "POST", path: "/" },
        Other { name: "DescribeSubscriptionFilters", method: "POST", path: "/" },
        Other { name: "DisassociateKmsKey", method: "POST", path: "/" },
        Other { name: "DisassociateSourceFromS3TableIntegration", method: "POST", path: "/" },
        Other { name: "GetDataProtectionPolicy", method: "POST", path: "/" },
        Other { name: "GetDelivery", method: "POST", path: "/" },
        Other { name: "GetDeliveryDestination", method: "POST", path: "/" },
        Other { name: "GetDeliveryDestinationPolicy", method: "POST", path: "/" },
        Other { name: "GetDeliverySource", method: "POST", path: "/" },
        Other { name: "GetIntegration", method: "POST", path: "/" },
        Other { name: "GetLogAnomalyDetector", method: "POST", path: "/" },
        Other { name: "GetLogFields", method: "POST", path: "/" },
        Other { name: "GetLogGroupFields", method: "POST", path: "/" },
        Other { name: "GetLogObject", method: "POST", path: "/" },
        Other { name: "GetLogRecord", method: "POST", path: "/" },
        Other { name: "GetLookupTable", method: "POST", path: "/" },
        Other { name: "GetQueryResults", method: "POST", path: "/" },
        Other { name: "GetScheduledQuery", method: "POST", path: "/" },
        Other { name: "GetScheduledQueryHistory", method: "POST", path: "/" },
        Other { name: "GetStorageTierPolicy", method: "POST", path: "/" },
        Other { name: "GetTransformer", method: "POST", path: "/" },
        Other { name: "ListAggregateLogGroupSummaries", method: "POST", path: "/" },
        Other { name: "ListAnomalies", method: "POST", path: "/" },
        Other { name: "ListIntegrations", method: "POST", path: "/" },
        Other { name: "ListLogAnomalyDetectors", method: "POST", path: "/" },
        Other { name: "ListLogGroups", method: "POST", path: "/" },
        Other { name: "ListLogGroupsForQuery", method: "POST", path: "/" },
        Other { name: "ListScheduledQueries", method: "POST", path: "/" },
        Other { name: "ListSourcesForS3TableIntegration", method: "POST", path: "/" },
        Other { name: "ListSyslogConfigurations", method: "POST", path: "/" },
        Other { name: "ListTagsForResource", method: "POST", path: "/" },
        Other { name: "ListTagsLogGroup", method: "POST", path: "/" },
        Other { name: "PutAccountPolicy", method: "POST", path: "/" },
        Other { name: "PutBearerTokenAuthentication", method: "POST", path: "/" },
        Other { name: "PutDataProtectionPolicy", method: "POST", path: "/" },
        Other { name: "PutDeliveryDestination", method: "POST", path: "/" },
        Other { name: "PutDeliveryDestinationPolicy", method: "POST", path: "/" },
        Other { name: "PutDeliverySource", method: "POST", path: "/" },
        Other { name: "PutDestination", method: "POST", path: "/" },
        Other { name: "PutDestinationPolicy", method: "POST", path: "/" },
        Other { name: "PutIndexPolicy", method: "POST", path: "/" },
        Other { name: "PutIntegration", method: "POST", path: "/" },
        Other { name: "PutLogEvents", method: "POST", path: "/" },
        Other { name: "PutLogGroupDeletionProtection", method: "POST", path: "/" },
        Other { name: "PutMetricFilter", method: "POST", path: "/" },
        Other { name: "PutQueryDefinition", method: "POST", path: "/" },
        Other { name: "PutResourcePolicy", method: "POST", path: "/" },
        Other { name: "PutRetentionPolicy", method: "POST", path: "/" },
        Other { name: "PutStorageTierPolicy", method: "POST", path: "/" },
        Other { name: "PutSubscriptionFilter", method: "POST", path: "/" },
        Other { name: "PutSyslogConfiguration", method: "POST", path: "/" },
        Other { name: "PutTransformer", method: "POST", path: "/" },
        Other { name: "StartLiveTail", method: "POST", path: "/" },
        Other { name: "StartQuery", method: "POST", path: "/" },
        Other { name: "StopQuery", method: "POST", path: "/" },
        Other { name: "TagLogGroup", method: "POST", path: "/" },
        Other { name: "TagResource", method: "POST", path: "/" },
        Other { name: "TestMetricFilter", method: "POST", path: "/" },
        Other { name: "TestTransformer", method: "POST", path: "/" },
        Other { name: "UntagLogGroup", method: "POST", path: "/" },
        Other { name: "UntagResource", method: "POST", path: "/" },
        Other { name: "UpdateAnomaly", method: "POST", path: "/" },
        Other { name: "UpdateDeliveryConfiguration", method: "POST", path: "/" },
        Other { name: "UpdateLogAnomalyDetector", method: "POST", path: "/" },
        Other { name: "UpdateLookupTable", method: "POST", path: "/" },
        Other { name: "UpdateScheduledQuery", method: "POST", path: "/" },
    ],
};

pub static DESCRIBE_LOG_GROUPS_OPERATION: Described =
    Described { name: "DescribeLogGroups", method: "POST", path: "/", status: 200 };
pub static DESCRIBE_LOG_STREAMS_OPERATION: Described =
    Described { name: "DescribeLogStreams", method: "POST", path: "/", status: 200 };
pub static FILTER_LOG_EVENTS_OPERATION: Described =
    Described { name: "FilterLogEvents", method: "POST", path: "/", status: 200 };
pub static GET_LOG_EVENTS_OPERATION: Described =
    Described { name: "GetLogEvents", method: "POST", path: "/", status: 200 };

/// Errors as this service writes them.
pub mod error {
    use crate::error::Kind;
    pub static INVALID_PARAMETER_EXCEPTION: Kind =
        Kind { code: "InvalidParameterException", status: 400, message: "message", typed: false };
    pub static RESOURCE_NOT_FOUND_EXCEPTION: Kind =
        Kind { code: "ResourceNotFoundException", status: 400, message: "message", typed: false };
    pub static SERVICE_UNAVAILABLE_EXCEPTION: Kind =
        Kind { code: "ServiceUnavailableException", status: 500, message: "message", typed: false };
}
