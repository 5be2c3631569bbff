//! How a program with tonic calls the service. docs/calling.md quotes it.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::time::{sleep, timeout_at, Instant};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

use crate::v1::balance_service_client::BalanceServiceClient;
use crate::v1::{WatchAccountSnapshotsRequest, WatchAccountSnapshotsResponse};

/// `pair` is the client's certificate and its key, in PEM as `ca` is.
pub fn connect(
    address: &str,
    ca: &[u8],
    pair: Option<(&[u8], &[u8])>,
) -> Result<BalanceServiceClient<Channel>, Box<dyn Error>> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
    if let Some((certificate, key)) = pair {
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    let endpoint = Endpoint::from_shared(format!("https://{address}"))?
        .tls_config(tls)?
        .http2_keep_alive_interval(Duration::from_secs(60));
    Ok(BalanceServiceClient::new(endpoint.connect_lazy()))
}

pub fn with_token<T>(mut request: Request<T>, token: &str) -> Request<T> {
    let bearer = format!("Bearer {token}").parse().expect("a token is ASCII");
    request.metadata_mut().insert("authorization", bearer);
    request
}

/// Makes a call that was lost with its connection again: all methods are reads. What the service
/// itself says is UNAVAILABLE has details, and is handed on, as is the end of the caller's time.
pub async fn call<T, F>(
    timeout: Duration,
    mut attempt: impl FnMut(Duration) -> F,
) -> Result<Response<T>, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let end = Instant::now() + timeout;
    for pause in [50, 100, 200, 400] {
        match in_time(end, &mut attempt).await {
            Err(status) if is_lost(&status) => sleep(Duration::from_millis(pause)).await,
            result => return result,
        }
    }
    in_time(end, &mut attempt).await
}

fn is_lost(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled) && status.details().is_empty()
}

/// tonic's own timeout ends with CANCELLED, and does not count while an answer's body comes.
async fn in_time<T, F>(
    end: Instant,
    attempt: &mut impl FnMut(Duration) -> F,
) -> Result<Response<T>, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let left = end.saturating_duration_since(Instant::now());
    timeout_at(end, attempt(left))
        .await
        .unwrap_or_else(|_| Err(Status::deadline_exceeded("the time of the call is over")))
}

/// Hands on the messages of the stream, and of the next one when it ends or falls silent. Returns the
/// error that calling again does not mend.
pub async fn watch(
    mut client: BalanceServiceClient<Channel>,
    request: WatchAccountSnapshotsRequest,
    silence: Duration,
    mut take: impl FnMut(WatchAccountSnapshotsResponse),
) -> Status {
    loop {
        let status = follow(&mut client, request.clone(), silence, &mut take).await;
        let retry = status
            .get_details_retry_info()
            .and_then(|retry| retry.retry_delay);
        match retry {
            Some(delay) => sleep(delay).await,
            None if matches!(
                status.code(),
                Code::Unavailable | Code::Cancelled | Code::Aborted | Code::Unknown
            ) =>
            {
                sleep(Duration::from_secs(1)).await
            }
            None => return status,
        }
    }
}

async fn follow(
    client: &mut BalanceServiceClient<Channel>,
    request: WatchAccountSnapshotsRequest,
    silence: Duration,
    take: &mut impl FnMut(WatchAccountSnapshotsResponse),
) -> Status {
    let silent = |_| Status::unavailable("nothing was heard");
    let began = tokio::time::timeout(silence, client.watch_account_snapshots(request)).await;
    let mut stream = match began.map_err(silent).and_then(|result| result) {
        Ok(response) => response.into_inner(),
        Err(status) => return status,
    };
    loop {
        let next = tokio::time::timeout(silence, stream.message()).await;
        match next.map_err(silent).and_then(|result| result) {
            Ok(Some(message)) => take(message),
            Ok(None) => return Status::unavailable("the stream has ended"),
            Err(status) => return status,
        }
    }
}
