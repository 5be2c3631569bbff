//! How a program with tonic calls the service. docs/calling.md quotes it.

use std::future::Future;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use prost::Message;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};

use crate::balance::v1::balance_service_client::BalanceServiceClient;
use crate::balance::v1::{WatchAccountSnapshotsRequest, WatchAccountSnapshotsResponse};
use crate::google::rpc::{ErrorInfo, RetryInfo};

type Failure = Box<dyn std::error::Error>;

/// `identity` names the PEM files of a certificate and its key.
pub fn connect(
    address: &str,
    ca: &Path,
    identity: Option<(&Path, &Path)>,
) -> Result<Channel, Failure> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(std::fs::read(ca)?));
    if let Some((certificate, key)) = identity {
        tls = tls.identity(Identity::from_pem(std::fs::read(certificate)?, std::fs::read(key)?));
    }
    Ok(Endpoint::from_shared(format!("https://{address}"))?
        .tls_config(tls)?
        .http2_keep_alive_interval(Duration::from_secs(60))
        .connect_lazy())
}

/// A request with a deadline.
pub fn with_timeout<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// The ErrorInfo and the RetryInfo of an error, each where there is one.
pub fn details_of(error: &Status) -> (Option<ErrorInfo>, Option<RetryInfo>) {
    let details = crate::google::rpc::Status::decode(error.details()).unwrap_or_default().details;
    let value = |name: &str| {
        details.iter().find(|detail| detail.type_url.ends_with(name)).map(|it| it.value.as_slice())
    };
    (
        value("/google.rpc.ErrorInfo").and_then(|bytes| ErrorInfo::decode(bytes).ok()),
        value("/google.rpc.RetryInfo").and_then(|bytes| RetryInfo::decode(bytes).ok()),
    )
}

/// Whether a call was lost with its connection: what the service says has details.
fn is_lost(error: &Status) -> bool {
    error.details().is_empty()
        && matches!(error.code(), Code::Unavailable | Code::Cancelled | Code::Unknown)
        && !error.message().contains("Timeout expired")
}

/// Makes a call again that was lost: all methods are reads.
pub async fn repeat_lost<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let mut pause = Duration::from_millis(50);
    for _ in 0..3 {
        match call().await {
            Err(error) if is_lost(&error) => tokio::time::sleep(pause).await,
            other => return other,
        }
        pause *= 2;
    }
    call().await
}

/// Hands on the messages of the stream, and of the next one when it ends or falls silent, until
/// `take` breaks; or returns an error that calling again does not mend.
pub async fn watch(
    client: &BalanceServiceClient<Channel>,
    request: &WatchAccountSnapshotsRequest,
    silence: Duration,
    mut take: impl FnMut(WatchAccountSnapshotsResponse) -> ControlFlow<()>,
) -> Result<(), Status> {
    loop {
        let mut pause = Duration::from_secs(1);
        match follow(client, request, silence, &mut take).await {
            Ok(ControlFlow::Break(())) => return Ok(()),
            Ok(ControlFlow::Continue(())) => {}
            Err(error) => match details_of(&error).1.and_then(|retry| retry.retry_delay) {
                Some(delay) => pause = delay.try_into().unwrap_or(pause),
                None if is_lost(&error) || error.code() == Code::Aborted => {}
                None => return Err(error),
            },
        }
        tokio::time::sleep(pause).await;
    }
}

/// One stream. It is cancelled when it is dropped.
async fn follow(
    client: &BalanceServiceClient<Channel>,
    request: &WatchAccountSnapshotsRequest,
    silence: Duration,
    take: &mut impl FnMut(WatchAccountSnapshotsResponse) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Status> {
    let silent = |_| Status::unavailable("nothing was heard");
    let mut client = client.clone();
    let opened = tokio::time::timeout(silence, client.watch_account_snapshots(request.clone()));
    let mut stream = opened.await.map_err(silent)??.into_inner();
    loop {
        let message = tokio::time::timeout(silence, stream.message()).await.map_err(silent)??;
        match message.map(&mut *take) {
            Some(ControlFlow::Continue(())) => {}
            Some(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            None => return Ok(ControlFlow::Continue(())),
        }
    }
}
