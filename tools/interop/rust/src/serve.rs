// SPDX-License-Identifier: Apache-2.0
//! The server program: "ready" once it listens, "stopped" after a graceful shutdown; its commands are "release LABEL"
//! and "shutdown".

use std::sync::Arc;

use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use ttrpc::r#async::Server;

use crate::protocol::interop_ttrpc::create_interop;
use crate::service::Service;
use crate::watch::Watches;
use crate::Failure;

pub async fn serve(socket: &str) -> Result<(), Failure> {
    let watches = Arc::new(Watches::default());
    let service = Service { watches: watches.clone() };
    let mut server =
        Server::new().bind(&format!("unix://{socket}"))?.register_service(create_interop(Arc::new(service)));
    server.start().await?;
    println!("ready");

    let mut idle = Some(server);
    let mut commands = BufReader::new(stdin()).lines();
    while let Some(line) = commands.next_line().await? {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("release", label) => watches.of(label).release(),
            ("shutdown", _) => {
                let mut server = idle.take().ok_or("the server is shut down already")?;
                tokio::spawn(async move {
                    if server.shutdown().await.is_ok() {
                        println!("stopped");
                    }
                });
            }
            (command, _) => return Err(format!("unknown command {command:?}").into()),
        }
    }
    Ok(())
}
