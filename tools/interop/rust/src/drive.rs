// SPDX-License-Identifier: Apache-2.0
//! The client program: runs the instructions on its input, each in its own task.

use std::collections::HashMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use ttrpc::asynchronous::transport::Socket;
use ttrpc::r#async::Client;

use crate::call;
use crate::load::Load;
use crate::outcome::{End, Outcome};
use crate::Failure;

/// One line of input; src/driver-protocol.ts describes its fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", tag = "op")]
enum Instruction {
    Call {
        id: u64,
        connection: String,
        #[serde(flatten)]
        call: Call,
    },
    Load {
        id: u64,
        connection: String,
        load: Load,
    },
    Cancel {
        call: u64,
    },
    Close {
        id: u64,
        connection: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub struct Call {
    pub service: String,
    pub method: String,
    pub send: Vec<serde_json::Value>,
    pub metadata: HashMap<String, Vec<String>>,
    pub timeout_ms: u64,
    pub lockstep: bool,
    pub keep_open: bool,
    pub take: Option<usize>,
}

struct Connection {
    client: Client,
    /// A second handle of the same socket: the crate closes a connection only with the last client handle, and every
    /// call in flight holds one.
    socket: UnixStream,
}

impl Connection {
    fn dial(path: &str) -> Result<Self, Failure> {
        let socket = UnixStream::connect(path)?;
        let used = socket.try_clone()?;
        used.set_nonblocking(true)?;
        let client = Client::new(Socket::new(tokio::net::UnixStream::from_std(used)?));
        Ok(Self { client, socket })
    }
}

pub async fn drive(socket: &str) -> Result<(), Failure> {
    let mut connections = HashMap::<String, Connection>::new();
    let cancels = Arc::new(Mutex::new(HashMap::<u64, oneshot::Sender<()>>::new()));
    let (outcomes, mut written) = mpsc::channel::<Outcome>(64);
    let writing = tokio::spawn(async move {
        while let Some(outcome) = written.recv().await {
            println!("{}", serde_json::to_string(&outcome).expect("an outcome has a JSON form"));
        }
    });

    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let mut connect = |name: String| -> Result<Client, Failure> {
            let known = match connections.entry(name) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(free) => free.insert(Connection::dial(socket)?),
            };
            Ok(known.client.clone())
        };
        let outcomes = outcomes.clone();
        match serde_json::from_str(&line)? {
            Instruction::Call { id, connection, call } => {
                let client = connect(connection)?;
                let (cancel, cancelled) = oneshot::channel();
                cancels.lock().unwrap().insert(id, cancel);
                let cancels = cancels.clone();
                tokio::spawn(async move {
                    let mut replies = Vec::new();
                    let end = tokio::select! {
                        end = call::perform(&client, &call, &mut replies) => end,
                        Ok(()) = cancelled => End::Abandoned(true),
                    };
                    cancels.lock().unwrap().remove(&id);
                    report(outcomes, id, replies, end).await
                });
            }
            Instruction::Load { id, connection, load } => {
                let client = connect(connection)?;
                tokio::spawn(async move {
                    let end = load.run(&client).await.map_or_else(End::from, End::Measured);
                    report(outcomes, id, Vec::new(), end).await
                });
            }
            Instruction::Cancel { call } => {
                if let Some(cancel) = cancels.lock().unwrap().remove(&call) {
                    // A call that has just ended has dropped its receiver, and there is nothing left to cancel.
                    let _ = cancel.send(());
                }
            }
            Instruction::Close { id, connection } => {
                connect(connection.clone())?;
                if let Some(closing) = connections.remove(&connection) {
                    closing.socket.shutdown(Shutdown::Both)?;
                }
                report(outcomes, id, Vec::new(), End::Closed(true)).await;
            }
        }
    }
    drop(outcomes);
    writing.abort();
    Ok(())
}

async fn report(outcomes: mpsc::Sender<Outcome>, id: u64, replies: Vec<Box<RawValue>>, end: End) {
    // Fails only when the driver is ending, and then nobody reads.
    let _ = outcomes.send(Outcome { id, replies, end }).await;
}
