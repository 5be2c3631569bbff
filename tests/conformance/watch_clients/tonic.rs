//! The same as watch.py, for tonic, which knows no service config.

use std::time::Duration;

use base64::{engine::general_purpose::STANDARD, Engine};
use tokio::signal::unix::{signal, SignalKind};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

const METHOD: &str = "/balance.v1.BalanceService/WatchAccountSnapshots";
const PAUSE: Duration = Duration::from_millis(200);

/// Messages stay the bytes that they are on the wire.
#[derive(Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = RawCodec;
    type Decoder = RawCodec;

    fn encoder(&mut self) -> RawCodec {
        RawCodec
    }

    fn decoder(&mut self) -> RawCodec {
        RawCodec
    }
}

impl Encoder for RawCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(to, &message);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut message = vec![0; bytes::Buf::remaining(from)];
        bytes::Buf::copy_to_slice(from, &mut message);
        Ok(Some(message))
    }
}

async fn follow(channel: &Channel, request: &[u8]) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::from_static(METHOD);
    let mut messages =
        client.server_streaming(Request::new(request.to_vec()), path, RawCodec).await?.into_inner();
    while let Some(message) = messages.message().await? {
        println!("{{\"message\": \"{}\"}}", STANDARD.encode(message));
    }
    Ok(())
}

async fn follow_on_and_on() {
    let address = std::env::var("ADDRESS").expect("ADDRESS");
    let request = STANDARD.decode(std::env::var("REQUEST").expect("REQUEST")).expect("base64");
    let channel = Endpoint::from_shared(format!("http://{address}")).expect("URI").connect_lazy();
    loop {
        let code = match follow(&channel, &request).await {
            Ok(()) => "OK".to_string(),
            Err(status) => format!("{:?}", status.code()).to_uppercase(),
        };
        println!("{{\"end\": \"{code}\"}}");
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut stop = signal(SignalKind::terminate()).expect("SIGTERM");
    tokio::select! {
        () = follow_on_and_on() => {}
        _ = stop.recv() => {}
    }
}
