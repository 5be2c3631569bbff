// The same as watch.py, for grpc-js.

import { Client, credentials, status } from "@grpc/grpc-js";

const METHOD = "/balance.v1.BalanceService/WatchAccountSnapshots";
const PAUSE_MS = 200;
const request = Buffer.from(process.env.REQUEST, "base64");
const bytes = (value) => value;
const client = new Client(process.env.ADDRESS, credentials.createInsecure(),
  { "grpc.service_config": process.env.SERVICE_CONFIG });
process.on("SIGTERM", () => process.exit(0));

function follow() {
  const call = client.makeServerStreamRequest(METHOD, bytes, bytes, request);
  call.on("data", (message) => {
    console.log(JSON.stringify({ message: message.toString("base64") }));
  });
  // The status follows.
  call.on("error", () => {});
  call.on("status", ({ code }) => {
    console.log(JSON.stringify({ end: status[code] }));
    setTimeout(follow, PAUSE_MS);
  });
}

follow();
