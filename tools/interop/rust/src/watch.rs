// SPDX-License-Identifier: Apache-2.0
//! Calls that can be watched by label, whoever mentions the label first: the call or the one waiting for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

#[derive(Default)]
pub struct Watches(Mutex<HashMap<String, Arc<Watched>>>);

impl Watches {
    pub fn of(&self, label: &str) -> Arc<Watched> {
        let mut calls = self.0.lock().unwrap();
        calls.entry(label.to_owned()).or_default().clone()
    }
}

/// One call with its three moments.
#[derive(Default)]
pub struct Watched {
    started: watch::Sender<bool>,
    released: watch::Sender<bool>,
    /// Whether it was abandoned, once it has ended.
    ended: watch::Sender<Option<bool>>,
}

impl Watched {
    pub fn start(self: &Arc<Self>) -> Running {
        self.started.send_replace(true);
        Running { call: self.clone(), abandoned: true }
    }

    pub fn release(&self) {
        self.released.send_replace(true);
    }

    pub async fn started(&self) {
        wait_for(&self.started, |started| started.then_some(())).await
    }

    pub async fn released(&self) {
        wait_for(&self.released, |released| released.then_some(())).await
    }

    pub async fn ended(&self) -> bool {
        wait_for(&self.ended, |ended| *ended).await
    }
}

/// The library ends an unwanted handler by dropping its future, so the end is noticed by a drop.
pub struct Running {
    call: Arc<Watched>,
    abandoned: bool,
}

impl Running {
    pub fn finish(mut self) {
        self.abandoned = false;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.call.ended.send_replace(Some(self.abandoned));
    }
}

async fn wait_for<S, T>(sender: &watch::Sender<S>, moment: impl Fn(&S) -> Option<T>) -> T {
    let mut receiver = sender.subscribe();
    loop {
        if let Some(reached) = moment(&receiver.borrow_and_update()) {
            return reached;
        }
        receiver.changed().await.expect("the sender is borrowed for as long as this waits");
    }
}
