//! Makes code from the API's .proto file, in the folder that PROTO names.

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-env-changed=PROTO");
    let folder = std::env::var("PROTO").expect("PROTO names the folder of the .proto files");
    tonic_prost_build::configure()
        .build_server(false)
        .compile_protos(&["balance/v1/balance_service.proto"], &[folder.as_str()])
}
