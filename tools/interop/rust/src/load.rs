// SPDX-License-Identifier: Apache-2.0
//! Work for the benchmark, done on one connection through the generated client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use ttrpc::context::Context;
use ttrpc::r#async::Client;
use ttrpc::{Error, Result};

use crate::protocol::interop::{DownloadRequest, EchoRequest};
use crate::protocol::interop_ttrpc::InteropClient;

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    kind: Kind,
    payload_bytes: usize,
    #[serde(default)]
    in_flight: usize,
    count: usize,
    #[serde(default)]
    latencies: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Echo,
    Download,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measurement {
    elapsed_ns: u64,
    latencies_ns: Vec<u64>,
}

impl Load {
    pub async fn run(&self, client: &Client) -> Result<Measurement> {
        let client = InteropClient::new(client.clone());
        let start = Instant::now();
        let latencies_ns = match self.kind {
            Kind::Echo => self.echo(client).await?,
            Kind::Download => self.download(client).await?,
        };
        Ok(Measurement { elapsed_ns: nanoseconds_since(start), latencies_ns })
    }

    /// Makes `count` calls, `in_flight` of them at a time.
    async fn echo(&self, client: InteropClient) -> Result<Vec<u64>> {
        let next = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = (0..self.in_flight)
            .map(|_| tokio::spawn(echo_worker(self.clone(), client.clone(), next.clone())))
            .collect();
        let mut latencies = Vec::new();
        for worker in workers {
            latencies.extend(worker.await.map_err(|error| Error::Others(error.to_string()))??);
        }
        Ok(latencies)
    }

    /// Receives one stream of `count` messages.
    async fn download(&self, client: InteropClient) -> Result<Vec<u64>> {
        let request =
            DownloadRequest { messages: self.count as u32, size: self.payload_bytes as u32, ..Default::default() };
        let mut stream = client.download(Context::default(), &request).await?;
        let mut received = 0;
        while let Some(payload) = stream.recv().await? {
            received += payload.data.len();
        }
        if received != self.count * self.payload_bytes {
            return Err(Error::Others("the stream was short".to_owned()));
        }
        Ok(Vec::new())
    }
}

async fn echo_worker(load: Load, client: InteropClient, next: Arc<AtomicUsize>) -> Result<Vec<u64>> {
    let request = EchoRequest { data: vec![0; load.payload_bytes], ..Default::default() };
    let mut latencies = Vec::new();
    while next.fetch_add(1, Ordering::Relaxed) < load.count {
        let start = Instant::now();
        let reply = client.echo(Context::default(), &request).await?;
        if reply.data.len() != load.payload_bytes {
            return Err(Error::Others("the echo has another length".to_owned()));
        }
        if load.latencies {
            latencies.push(nanoseconds_since(start));
        }
    }
    Ok(latencies)
}

fn nanoseconds_since(start: Instant) -> u64 {
    start.elapsed().as_nanos() as u64
}
