// Generates the client from the published .proto file, whose folder is in BALANCE_PROTO_DIR.
fn main() {
    let folder = std::env::var("BALANCE_PROTO_DIR").expect("BALANCE_PROTO_DIR is the folder proto");
    tonic_prost_build::configure()
        .build_server(false)
        .extern_path(".google.rpc", "::tonic_types::pb")
        .compile_protos(&["balance/v1/balance_service.proto"], &[folder.as_str()])
        .expect("protoc accepts the file");
}
