// SPDX-License-Identifier: Apache-2.0
//! One line of the driver's output; src/driver-protocol.ts describes its fields.

use serde::Serialize;
use serde_json::value::RawValue;
use ttrpc::proto::Status;

use crate::load::Measurement;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub id: u64,
    pub replies: Vec<Box<RawValue>>,
    #[serde(flatten)]
    pub end: End,
}

/// How a call ended: exactly one of these.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// The peer's word.
    Status(RpcStatus),
    /// The connection was lost.
    Closed(bool),
    /// The caller took the call away.
    Abandoned(bool),
    /// An error of the library that is neither.
    Local(String),
    #[serde(untagged)]
    Measured(Measurement),
}

#[derive(Default, Serialize)]
pub struct RpcStatus {
    code: i32,
    message: String,
    details: Vec<Detail>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    type_url: String,
    /// Base64.
    value: Box<RawValue>,
}

impl End {
    pub fn ok() -> Self {
        Self::Status(RpcStatus::default())
    }
}

impl From<ttrpc::Error> for End {
    fn from(error: ttrpc::Error) -> Self {
        match error {
            ttrpc::Error::RpcStatus(status) => Self::Status(status.into()),
            ttrpc::Error::Socket(_) | ttrpc::Error::LocalClosed | ttrpc::Error::RemoteClosed => Self::Closed(true),
            // What sending says once the connection's writer has ended.
            ttrpc::Error::Others(text) if text.ends_with("channel closed") => Self::Closed(true),
            other => Self::Local(other.to_string()),
        }
    }
}

impl From<Status> for RpcStatus {
    fn from(status: Status) -> Self {
        let details = status.details.iter().map(Detail::from).collect();
        Self { code: status.code.value(), message: status.message, details }
    }
}

impl From<&ttrpc::proto::Any> for Detail {
    fn from(any: &ttrpc::proto::Any) -> Self {
        Self { type_url: any.type_url.clone(), value: base64(&any.value) }
    }
}

/// The JSON mapping of protobuf knows base64; no further crate is needed for it.
fn base64(bytes: &[u8]) -> Box<RawValue> {
    let wrapped = protobuf::well_known_types::wrappers::BytesValue { value: bytes.to_vec(), ..Default::default() };
    let text = protobuf_json_mapping::print_to_string(&wrapped).expect("bytes have a JSON form");
    RawValue::from_string(text).expect("what was printed is JSON")
}
