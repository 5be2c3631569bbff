//! Calls with tonic as recipe.rs has it; ../README.md says what it is told and what it says.

mod recipe;

pub mod v1 {
    tonic::include_proto!("balance.v1");
}

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{json, Value};
use tokio::signal::unix::{signal, SignalKind};
use tokio::time::sleep;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt;
use v1::balance_service_client::BalanceServiceClient;
use v1::watch_account_snapshots_response::Event;
use v1::{GetAccountSnapshotRequest, GetSourceBalanceRequest, WatchAccountSnapshotsRequest};

type Client = BalanceServiceClient<Channel>;

const TIMEOUT: Duration = Duration::from_secs(20);

struct Told(Value);

impl Told {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().expect(name)
    }
    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.text(name)).expect(name)
    }
    fn client(&self, peer: &str) -> Client {
        let pair = (self.file("certificate"), self.file("key"));
        recipe::connect(self.text(peer), &self.file("ca"), Some((&pair.0, &pair.1))).unwrap()
    }
}

fn within<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

fn get() -> GetAccountSnapshotRequest {
    GetAccountSnapshotRequest {
        name: "accounts/desk-1".into(),
        ..Default::default()
    }
}

fn code<T>(result: Result<T, Status>) -> String {
    match result {
        Ok(_) => "Ok".into(),
        Err(status) => format!("{:?}", status.code()),
    }
}

async fn bare(mut client: Client) -> String {
    code(
        client
            .get_account_snapshot(within(get(), Duration::from_secs(2)))
            .await,
    )
}

async fn facts(told: &Told) -> Value {
    let mut with_token = recipe::connect(told.text("address"), &told.file("ca"), None).unwrap();
    let request = recipe::with_token(within(get(), TIMEOUT), told.text("token"));
    let snapshot = with_token
        .get_account_snapshot(request)
        .await
        .unwrap()
        .into_inner();
    let cash = snapshot.sources[0]
        .balance_set
        .as_ref()
        .and_then(|set| set.balances[0].cash.clone());

    let dead = GetSourceBalanceRequest {
        name: told.text("dead_source").into(),
        ..Default::default()
    };
    let error = told
        .client("address")
        .get_source_balance(within(dead, TIMEOUT))
        .await
        .unwrap_err();

    let flaky = told.client("flaky");
    let lost = bare(flaky.clone()).await;
    let by_recipe = recipe::call(TIMEOUT, |left| {
        let mut client = flaky.clone();
        async move { client.get_account_snapshot(within(get(), left)).await }
    });
    let by_recipe = code(by_recipe.await);
    let half = Duration::from_millis(500);
    let slow = code(
        flaky
            .clone()
            .get_source_balance(within(Default::default(), half))
            .await,
    );
    let slow_by_recipe = recipe::call(half, |_| {
        let mut client = flaky.clone();
        async move {
            client
                .get_source_balance(Request::new(Default::default()))
                .await
        }
    });
    let slow_by_recipe = code(slow_by_recipe.await);
    let silent = recipe::watch(
        flaky,
        Default::default(),
        Duration::from_millis(300),
        |_| (),
    );
    let _ = tokio::time::timeout(Duration::from_millis(2500), silent).await;
    json!({
        "version": "0.14.9",
        "token": snapshot.name, "cash": cash.map(|amount| amount.value),
        "error": [error.get_details_error_info().map(|info| info.reason),
                  error.get_details_retry_info().is_some()],
        "flaky": lost, "flaky_by_recipe": by_recipe,
        "sick": bare(told.client("sick")).await, "closed": bare(told.client("closed")).await,
        "slow": slow, "slow_by_recipe": slow_by_recipe,
    })
}

#[derive(Default)]
struct Counts {
    is_over: AtomicBool,
    calls: AtomicU64,
    snapshots: AtomicU64,
    goodbyes: AtomicU64,
    failed: Mutex<HashMap<String, u64>>,
}

async fn keep_calling(client: Client, pause: Duration, counts: Arc<Counts>) {
    while !counts.is_over.load(Relaxed) {
        let result = recipe::call(TIMEOUT, |left| {
            let mut client = client.clone();
            async move { client.get_account_snapshot(within(get(), left)).await }
        });
        if let Err(status) = result.await {
            *counts
                .failed
                .lock()
                .unwrap()
                .entry(status.to_string())
                .or_default() += 1;
        }
        counts.calls.fetch_add(1, Relaxed);
        sleep(pause).await;
    }
}

async fn keep_watching(client: Client, counts: Arc<Counts>) {
    let request = WatchAccountSnapshotsRequest::default();
    let status = recipe::watch(client, request, Duration::from_secs(11), |message| {
        match message.event {
            Some(Event::Snapshot(_)) => counts.snapshots.fetch_add(1, Relaxed),
            Some(Event::Goodbye(_)) => counts.goodbyes.fetch_add(1, Relaxed),
            _ => 0,
        };
    });
    let status = status.await;
    counts
        .failed
        .lock()
        .unwrap()
        .insert(format!("watch: {status}"), 1);
}

#[tokio::main]
async fn main() {
    let told = Told(serde_json::from_str(&std::env::var("TOLD").unwrap()).unwrap());
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    let mut result = facts(&told).await;
    println!("ready");

    let counts = Arc::new(Counts::default());
    for _ in 0..told.0["watches"].as_u64().unwrap() {
        tokio::spawn(keep_watching(told.client("address"), counts.clone()));
    }
    let pause = Duration::from_secs_f64(told.0["pause"].as_f64().unwrap());
    let callers: Vec<_> = (0..told.0["connections"].as_u64().unwrap())
        .map(|_| tokio::spawn(keep_calling(told.client("address"), pause, counts.clone())))
        .collect();
    terminate.recv().await;
    counts.is_over.store(true, Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    result["calls"] = counts.calls.load(Relaxed).into();
    result["snapshots"] = counts.snapshots.load(Relaxed).into();
    result["goodbyes"] = counts.goodbyes.load(Relaxed).into();
    result["failed"] = json!(*counts.failed.lock().unwrap());
    println!("{result}");
}
