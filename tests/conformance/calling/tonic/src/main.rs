//! Calls with tonic as recipe.rs has it; ../../README.md says what it is told and what it says.

mod recipe;

pub mod balance {
    pub mod v1 {
        tonic::include_proto!("balance.v1");
    }
}
pub mod google {
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
}

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{signal, SignalKind};
use tokio::task::LocalSet;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Status};

use balance::v1::balance_service_client::BalanceServiceClient;
use balance::v1::watch_account_snapshots_response::Event;
use balance::v1::{
    AccountSnapshot, GetAccountSnapshotRequest, GetSourceBalanceRequest,
    WatchAccountSnapshotsRequest,
};
use recipe::{connect, details_of, repeat_lost, watch, with_timeout};

const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(serde::Deserialize)]
struct Told {
    address: String,
    flaky: String,
    sick: String,
    closed: String,
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    token: String,
    dead_source: String,
    connections: usize,
    watches: usize,
    pause: f64,
}

#[derive(Default)]
struct Counts {
    calls: Cell<u64>,
    snapshots: Cell<u64>,
    goodbyes: Cell<u64>,
    failed: RefCell<BTreeMap<String, u64>>,
}

fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

fn client(told: &Told, address: &str) -> BalanceServiceClient<Channel> {
    let channel = connect(address, &told.ca, Some((&told.certificate, &told.key)));
    BalanceServiceClient::new(channel.expect("a channel"))
}

async fn get(
    client: &BalanceServiceClient<Channel>,
    timeout: Duration,
) -> Result<AccountSnapshot, Status> {
    let request =
        GetAccountSnapshotRequest { name: "accounts/desk-1".to_string(), ..Default::default() };
    let mut client = client.clone();
    Ok(client.get_account_snapshot(with_timeout(request, timeout)).await?.into_inner())
}

async fn source(
    client: &BalanceServiceClient<Channel>,
    name: &str,
    timeout: Duration,
) -> Result<(), Status> {
    let request = GetSourceBalanceRequest { name: name.to_string(), ..Default::default() };
    client.clone().get_source_balance(with_timeout(request, timeout)).await.map(|_| ())
}

fn code_of<T>(result: Result<T, Status>) -> String {
    result.map_or_else(|error| format!("{:?}", error.code()), |_| "Ok".to_string())
}

async fn read_with_token(told: &Told) -> AccountSnapshot {
    let bearer: MetadataValue<Ascii> = format!("Bearer {}", told.token).parse().expect("ASCII");
    let channel = connect(&told.address, &told.ca, None).expect("a channel");
    let mut client =
        BalanceServiceClient::with_interceptor(channel, move |mut request: Request<()>| {
            request.metadata_mut().insert("authorization", bearer.clone());
            Ok(request)
        });
    let request =
        GetAccountSnapshotRequest { name: "accounts/desk-1".to_string(), ..Default::default() };
    let answer = client.get_account_snapshot(with_timeout(request, TIMEOUT)).await;
    answer.expect("a snapshot").into_inner()
}

/// The version of tonic that this was built with.
fn version() -> &'static str {
    let (_, entry) = include_str!("../Cargo.lock").split_once("name = \"tonic\"\n").expect("tonic");
    entry.split('"').nth(1).expect("its version")
}

async fn facts(told: &Told) -> serde_json::Value {
    let snapshot = read_with_token(told).await;
    let cash = snapshot.sources[0].balance_set.as_ref().and_then(|set| set.balances[0].cash.clone());
    let dead = source(&client(told, &told.address), &told.dead_source, TIMEOUT).await;
    let (info, retry) = details_of(&dead.expect_err("it is dead"));
    let flaky = client(told, &told.flaky);
    let mut seen = 0;
    let take = |_| {
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let request = WatchAccountSnapshotsRequest::default();
    watch(&flaky, &request, Duration::from_millis(300), take).await.expect("two messages");
    json!({
        "version": version(),
        "token": snapshot.name,
        "cash": cash.expect("cash").value,
        "error": [info.expect("an ErrorInfo").reason, retry.is_some()],
        "flaky": code_of(get(&flaky, TIMEOUT).await),
        "flaky_by_recipe": code_of(repeat_lost(|| get(&flaky, TIMEOUT)).await),
        "sick": code_of(get(&client(told, &told.sick), TIMEOUT).await),
        "closed": code_of(get(&client(told, &told.closed), TIMEOUT).await),
        "slow": code_of(source(&flaky, "", Duration::from_millis(500)).await),
    })
}

async fn keep_calling(told: Rc<Told>, counts: Rc<Counts>, is_over: Rc<Cell<bool>>) {
    let client = client(&told, &told.address);
    while !is_over.get() {
        if let Err(error) = repeat_lost(|| get(&client, TIMEOUT)).await {
            *counts.failed.borrow_mut().entry(error.to_string()).or_default() += 1;
        }
        count(&counts.calls);
        tokio::time::sleep(Duration::from_secs_f64(told.pause)).await;
    }
}

async fn keep_watching(told: Rc<Told>, counts: Rc<Counts>) {
    let take = |message: balance::v1::WatchAccountSnapshotsResponse| {
        match message.event {
            Some(Event::Snapshot(_)) => count(&counts.snapshots),
            Some(Event::Goodbye(_)) => count(&counts.goodbyes),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let request = WatchAccountSnapshotsRequest::default();
    let client = client(&told, &told.address);
    let end = watch(&client, &request, Duration::from_secs(11), take).await;
    panic!("a watch has ended: {end:?}");
}

async fn run() {
    let text = std::env::var("TOLD").expect("TOLD");
    let told: Rc<Told> = Rc::new(serde_json::from_str(&text).expect("TOLD is JSON"));
    let mut result = facts(&told).await;
    let mut stop = signal(SignalKind::terminate()).expect("SIGTERM");
    println!("ready");
    let counts = Rc::new(Counts::default());
    let is_over = Rc::new(Cell::new(false));
    for _ in 0..told.watches {
        tokio::task::spawn_local(keep_watching(told.clone(), counts.clone()));
    }
    let callers: Vec<_> = (0..told.connections)
        .map(|_| {
            let calling = keep_calling(told.clone(), counts.clone(), is_over.clone());
            tokio::task::spawn_local(calling)
        })
        .collect();
    stop.recv().await;
    is_over.set(true);
    for caller in callers {
        caller.await.expect("a caller that ends well");
    }
    result["calls"] = json!(counts.calls.get());
    result["snapshots"] = json!(counts.snapshots.get());
    result["goodbyes"] = json!(counts.goodbyes.get());
    result["failed"] = json!(*counts.failed.borrow());
    println!("{result}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    LocalSet::new().run_until(run()).await;
}
