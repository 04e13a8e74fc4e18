// SPDX-License-Identifier: Apache-2.0
//! The handlers.

use std::sync::Arc;

use async_trait::async_trait;
use protobuf::well_known_types::empty::Empty;
use protobuf::EnumOrUnknown;
use ttrpc::r#async::{ServerStream, ServerStreamReceiver, ServerStreamSender, TtrpcContext};
use ttrpc::Result;

use crate::protocol::interop::{
    CountRequest, DownloadRequest, EchoReply, EchoRequest, Ending, Failure, Label, MeasureReply, MetadataEntry, Number,
    Payload, ProduceRequest, Total,
};
use crate::protocol::interop_ttrpc::Interop;
use crate::watch::Watches;

pub struct Service {
    pub watches: Arc<Watches>,
}

#[async_trait]
impl Interop for Service {
    async fn echo(&self, ctx: &TtrpcContext, request: EchoRequest) -> Result<EchoReply> {
        Ok(EchoReply {
            data: request.data,
            text: request.text,
            metadata: metadata_of(ctx),
            has_deadline: ctx.timeout_nano != 0,
            ..Default::default()
        })
    }

    async fn measure(&self, _: &TtrpcContext, request: Payload) -> Result<MeasureReply> {
        Ok(MeasureReply { size: request.data.len() as u32, ..Default::default() })
    }

    async fn produce(&self, _: &TtrpcContext, request: ProduceRequest) -> Result<Payload> {
        Ok(payload_of(request.size))
    }

    async fn nothing(&self, _: &TtrpcContext, _: Empty) -> Result<Empty> {
        Ok(Empty::new())
    }

    async fn fail(&self, _: &TtrpcContext, failure: Failure) -> Result<Empty> {
        Err(failure_error(failure))
    }

    async fn hold(&self, _: &TtrpcContext, request: Label) -> Result<Empty> {
        let call = self.watches.of(&request.label);
        let running = call.start();
        call.released().await;
        running.finish();
        Ok(Empty::new())
    }

    async fn await_start(&self, _: &TtrpcContext, request: Label) -> Result<Empty> {
        self.watches.of(&request.label).started().await;
        Ok(Empty::new())
    }

    async fn await_end(&self, _: &TtrpcContext, request: Label) -> Result<Ending> {
        let abandoned = self.watches.of(&request.label).ended().await;
        Ok(Ending { abandoned, ..Default::default() })
    }

    async fn crash(&self, _: &TtrpcContext, _: Empty) -> Result<Empty> {
        std::process::exit(0)
    }

    async fn sum(&self, _: &TtrpcContext, mut stream: ServerStreamReceiver<Number>) -> Result<Total> {
        let mut total = Total::new();
        while let Some(number) = stream.recv().await? {
            total.value += number.value;
        }
        Ok(total)
    }

    async fn first(&self, _: &TtrpcContext, mut stream: ServerStreamReceiver<Number>) -> Result<Total> {
        let value = stream.recv().await?.map_or(0, |number| number.value);
        Ok(Total { value, ..Default::default() })
    }

    async fn count(&self, _: &TtrpcContext, request: CountRequest, stream: ServerStreamSender<Number>) -> Result<()> {
        for value in 1..=request.upto {
            stream.send(&Number { value, ..Default::default() }).await?;
        }
        request.failure.into_option().map_or(Ok(()), |failure| Err(failure_error(failure)))
    }

    async fn endless(&self, _: &TtrpcContext, request: Label, stream: ServerStreamSender<Number>) -> Result<()> {
        let _running = self.watches.of(&request.label).start();
        let mut value = 0;
        loop {
            value += 1;
            stream.send(&Number { value, ..Default::default() }).await?;
        }
    }

    async fn download(
        &self,
        _: &TtrpcContext,
        request: DownloadRequest,
        stream: ServerStreamSender<Payload>,
    ) -> Result<()> {
        let payload = payload_of(request.size);
        for _ in 0..request.messages {
            stream.send(&payload).await?;
        }
        Ok(())
    }

    async fn echo_stream(&self, _: &TtrpcContext, mut stream: ServerStream<Payload, Payload>) -> Result<()> {
        while let Some(payload) = stream.recv().await? {
            stream.send(&payload).await?;
        }
        Ok(())
    }

    async fn reverse(&self, _: &TtrpcContext, mut stream: ServerStream<Payload, Payload>) -> Result<()> {
        let mut payloads = Vec::new();
        while let Some(payload) = stream.recv().await? {
            payloads.push(payload);
        }
        for payload in payloads.iter().rev() {
            stream.send(payload).await?;
        }
        Ok(())
    }
}

fn metadata_of(ctx: &TtrpcContext) -> Vec<MetadataEntry> {
    let mut entries: Vec<MetadataEntry> = ctx
        .metadata
        .iter()
        .map(|(key, values)| MetadataEntry { key: key.clone(), values: values.clone(), ..Default::default() })
        .collect();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    entries
}

fn payload_of(size: u32) -> Payload {
    Payload { data: vec![0; size as usize], ..Default::default() }
}

fn failure_error(failure: Failure) -> ttrpc::Error {
    let mut status = ttrpc::proto::Status::new();
    status.code = EnumOrUnknown::from_i32(failure.code);
    status.message = failure.message;
    status.details = failure
        .details
        .into_iter()
        .map(|detail| ttrpc::proto::Any { type_url: detail.type_url, value: detail.value, ..Default::default() })
        .collect();
    ttrpc::Error::RpcStatus(status)
}
