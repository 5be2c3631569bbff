pub mod v1 { tonic::include_proto!("balance.v1"); }
fn main(){}
