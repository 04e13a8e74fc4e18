// SPDX-License-Identifier: Apache-2.0
//! One call of any shape, by the generated descriptors.

use protobuf::reflect::MessageDescriptor;
use protobuf::well_known_types::empty::Empty;
use protobuf::MessageFull;
use serde_json::value::RawValue;
use ttrpc::proto::Codec;
use ttrpc::r#async::{CSReceiver, Client, ClientStream, StreamInner};
use ttrpc::Error;

use crate::drive::Call;
use crate::outcome::End;
use crate::protocol::interop;

const INTEROP_SERVICE: &str = "hako.interop.v1.Interop";

/// What the descriptors say of a method.
struct Method {
    streaming_client: bool,
    streaming_server: bool,
    request: MessageDescriptor,
    reply: MessageDescriptor,
}

/// Finds a method in the generated descriptors. A method they lack is unary and has empty messages: that is how the
/// suite calls what does not exist.
fn method_of(name: &str) -> Method {
    let service = interop::file_descriptor().services().next().expect("the proto has a service");
    let known = service.methods().find(|method| method.proto().name() == name);
    known.map_or_else(
        || Method {
            streaming_client: false,
            streaming_server: false,
            request: Empty::descriptor(),
            reply: Empty::descriptor(),
        },
        |method| Method {
            streaming_client: method.proto().client_streaming(),
            streaming_server: method.proto().server_streaming(),
            request: method.input_type(),
            reply: method.output_type(),
        },
    )
}

/// Makes the call; the replies are pushed as they come, so that they are there whatever the end.
pub async fn perform(client: &Client, call: &Call, replies: &mut Vec<Box<RawValue>>) -> End {
    let method = method_of(&call.method);
    let mut requests = Vec::new();
    for message in &call.send {
        match encode(&method.request, message) {
            Ok(request) => requests.push(request),
            Err(error) => return End::Local(error),
        }
    }
    let result = match (method.streaming_client, method.streaming_server) {
        (false, false) => unary(client, call, &method, requests, replies).await,
        (true, false) => client_stream(client, call, &method, requests, replies).await,
        (_, true) => server_stream(client, call, &method, requests, replies).await,
    };
    result.unwrap_or_else(End::from)
}

async fn unary(
    client: &Client,
    call: &Call,
    method: &Method,
    requests: Vec<Vec<u8>>,
    replies: &mut Vec<Box<RawValue>>,
) -> Result<End, Error> {
    let payload = requests.into_iter().next().unwrap_or_default();
    let response = client.request(opening(call, payload)).await?;
    replies.push(decode(&method.reply, &response.payload)?);
    Ok(End::ok())
}

async fn client_stream(
    client: &Client,
    call: &Call,
    method: &Method,
    requests: Vec<Vec<u8>>,
    replies: &mut Vec<Box<RawValue>>,
) -> Result<End, Error> {
    let mut stream = client.new_stream(opening(call, Vec::new()), true, false).await?;
    for request in requests {
        stream.send(request).await?;
    }
    if !call.keep_open {
        stream.close_send().await?;
    }
    replies.push(decode(&method.reply, &stream.recv().await?)?);
    Ok(End::ok())
}

async fn server_stream(
    client: &Client,
    call: &Call,
    method: &Method,
    mut requests: Vec<Vec<u8>>,
    replies: &mut Vec<Box<RawValue>>,
) -> Result<End, Error> {
    let payload = if method.streaming_client { Vec::new() } else { requests.pop().unwrap_or_default() };
    let inner: StreamInner = client.new_stream(opening(call, payload), method.streaming_client, true).await?;
    let (sender, mut receiver) = ClientStream::<Encoded, Encoded>::new(inner).split();

    let (answered, mut may_send) = tokio::sync::mpsc::unbounded_channel::<()>();
    let sending = async {
        for request in requests {
            sender.send(&Encoded(request)).await?;
            if call.lockstep && may_send.recv().await.is_none() {
                break;
            }
        }
        if method.streaming_client && !call.keep_open {
            sender.close_send().await?;
        }
        Ok::<(), Error>(())
    };
    let receiving = async {
        while call.take.is_none_or(|take| replies.len() < take) {
            match next(&mut receiver).await? {
                Some(reply) => replies.push(decode(&method.reply, &reply)?),
                None => return Ok(End::ok()),
            }
            // Fails only when sending is over.
            let _ = answered.send(());
        }
        Ok(End::Abandoned(true))
    };
    tokio::pin!(sending, receiving);
    let mut sent = false;
    loop {
        tokio::select! {
            end = &mut receiving => return end,
            result = &mut sending, if !sent => { let () = result?; sent = true; }
        }
    }
}

async fn next(receiver: &mut CSReceiver<Encoded>) -> Result<Option<Vec<u8>>, Error> {
    match receiver.recv().await {
        Ok(Encoded(bytes)) => Ok(Some(bytes)),
        Err(Error::Eof) => Ok(None),
        Err(error) => Err(error),
    }
}

fn opening(call: &Call, payload: Vec<u8>) -> ttrpc::Request {
    let service = if call.service.is_empty() { INTEROP_SERVICE } else { &call.service };
    ttrpc::Request {
        service: service.to_owned(),
        method: call.method.clone(),
        payload,
        timeout_nano: i64::try_from(call.timeout_ms).unwrap_or(i64::MAX).saturating_mul(1_000_000),
        metadata: ttrpc::context::to_pb(call.metadata.clone()),
        ..Default::default()
    }
}

fn encode(descriptor: &MessageDescriptor, json: &serde_json::Value) -> Result<Vec<u8>, String> {
    protobuf_json_mapping::parse_dyn_from_str(descriptor, &json.to_string())
        .map_err(|error| error.to_string())?
        .write_to_bytes_dyn()
        .map_err(|error| error.to_string())
}

fn decode(descriptor: &MessageDescriptor, bytes: &[u8]) -> Result<Box<RawValue>, Error> {
    let text = descriptor
        .parse_from_bytes(bytes)
        .map_err(|error| error.to_string())
        .and_then(|message| protobuf_json_mapping::print_to_string(&*message).map_err(|error| error.to_string()))
        .and_then(|text| RawValue::from_string(text).map_err(|error| error.to_string()));
    text.map_err(Error::Others)
}

/// A message that is encoded already.
struct Encoded(Vec<u8>);

impl Codec for Encoded {
    type E = std::convert::Infallible;

    fn size(&self) -> u32 {
        self.0.len() as u32
    }

    fn encode(&self) -> Result<Vec<u8>, Self::E> {
        Ok(self.0.clone())
    }

    fn decode(bytes: impl AsRef<[u8]>) -> Result<Self, Self::E> {
        Ok(Self(bytes.as_ref().to_vec()))
    }

    fn merge(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Self::E> {
        self.0.extend_from_slice(bytes.as_ref());
        Ok(())
    }
}
