#!/usr/bin/env bash
# @grpc/grpc-js 1.14.7: `waitForReady` of a service config is checked and then not applied.
#
# A gRPC service config says per method whether a call waits for a connection or fails at once when there
# is none. grpc-js reads service configs, refuses one whose `waitForReady` is no boolean, and applies
# `timeout`, `retryPolicy` and `loadBalancingConfig`. One would guess that a config with
# "waitForReady": true makes calls wait, as it does with grpcio.
#
# It does not: the call fails at once with UNAVAILABLE. Only the caller's own metadata options
# ({waitForReady: true}) make one wait. The same `timeout` beside it is applied, as the other call shows.
#
# Output seen (nobody listens; a call that waits ends with its deadline):
#   grpc-js 1.14.7, waitForReady in the service config: UNAVAILABLE
#   grpc-js 1.14.7, waitForReady by the call: DEADLINE_EXCEEDED
#   grpc-js 1.14.7, waitForReady by the call, timeout in the service config: DEADLINE_EXCEEDED
#   grpc-js 1.14.7, "waitForReady": "yes" in the service config: Invalid method config: invalid waitForReady
#   grpcio 1.85.1, waitForReady in the service config: DEADLINE_EXCEEDED
#
# Why it matters here: one service config for all callers is published so that a restart is noticed by
# none of them. What it says about waiting holds for callers in Python and C++ and is silently nothing in
# Node; retries in it hold for all of them.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 @grpc/grpc-js@1.14.7
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check grpcio==1.85.1 typing_extensions==4.16.0

# Holds a port on which nobody listens, and tells it to the probe for Node.
cat >probe.py <<'PY'
import json
import socket
import subprocess

import grpc

with socket.socket() as closed:
    closed.bind(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    subprocess.run(["node", "probe.mjs", str(port)], check=True, timeout=40)
    config = json.dumps({"methodConfig": [{"name": [{}], "waitForReady": True}]})
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[
            ("grpc.service_config", config), ("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary("/t.T/Get")(b"", timeout=1)
        except grpc.RpcError as error:
            print(f"grpcio {grpc.__version__}, waitForReady in the service config: {error.code().name}")
PY
cat >probe.mjs <<'JS'
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";

const address = `127.0.0.1:${process.argv[2]}`;
const bytes = (value) => value;

function call(config, metadata, deadlineMs) {
  return new Promise((resolve) => {
    const client = new Client(address, credentials.createInsecure(), {
      "grpc.service_config": JSON.stringify({ methodConfig: [{ name: [{}], ...config }] }) });
    client.makeUnaryRequest("/t.T/Get", bytes, bytes, Buffer.alloc(0), metadata,
      { deadline: Date.now() + deadlineMs }, (error) => resolve(status[error.code]));
  });
}

async function show(words, ...options) {
  const result = await call(...options).catch((error) => error.message);
  console.log(`grpc-js 1.14.7, ${words}: ${result}`);
}

const waiting = () => new Metadata({ waitForReady: true });
await show("waitForReady in the service config", { waitForReady: true }, new Metadata(), 1000);
await show("waitForReady by the call", {}, waiting(), 1000);
await show("waitForReady by the call, timeout in the service config", { timeout: "1s" }, waiting(),
  20_000);
await show('"waitForReady": "yes" in the service config', { waitForReady: "yes" }, new Metadata(), 1000);
process.exit(0);
JS
timeout 60 python/bin/python probe.py | tee seen

cat >expected <<'TEXT'
grpc-js 1.14.7, waitForReady in the service config: UNAVAILABLE
grpc-js 1.14.7, waitForReady by the call: DEADLINE_EXCEEDED
grpc-js 1.14.7, waitForReady by the call, timeout in the service config: DEADLINE_EXCEEDED
grpc-js 1.14.7, "waitForReady": "yes" in the service config: Invalid method config: invalid waitForReady
grpcio 1.85.1, waitForReady in the service config: DEADLINE_EXCEEDED
TEXT
if ! diff expected seen; then
  echo "waitForReady of a service config is now applied otherwise." >&2
  exit 1
fi
