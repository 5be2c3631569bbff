#!/usr/bin/env bash
# polymarket-us 0.1.1 (npm): a frame of the private WebSocket with `"error": ""` is reported as an
# error, and its balances reach nobody.
#
# The venue writes its frames as protobuf's JSON with unset fields, so every good frame of the
# current generation says `"error": ""`: the text of no error. Its Python SDK (2.0.0) has a test that
# this is none. One would guess the same of the official npm SDK: a frame with a snapshot is a
# snapshot.
#
# But it looks only whether there is a member "error". Listeners of "accountBalanceSnapshot" hear
# nothing; listeners of "error" get a WebSocketError whose message is empty. The socket stays open, so
# nothing else tells that the balances are missing.
#
# Output seen:
#   without "error": accountBalanceSnapshot
#   with "error": "": error, WebSocketError ""
#
# Why it matters here: whoever takes balances from the stream with this SDK sees none, and an alarm on
# errors without a text looks like a fault of the network. A stream is good as a hint only; the figures
# come from REST.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 polymarket-us@0.1.1 ws@8.18.3

cat >probe.mjs <<'JS'
import { randomBytes, webcrypto } from "node:crypto";
import { once } from "node:events";
import { WebSocketServer } from "ws";

// The SDK's signing library wants this global, which Node 18 does not define by itself.
globalThis.crypto ??= webcrypto;
const { PolymarketUS } = await import("polymarket-us");

const SNAPSHOT = {
  requestId: "r1",
  subscriptionType: "SUBSCRIPTION_TYPE_ACCOUNT_BALANCE",
  accountBalancesSnapshot: {
    balances: [{ currentBalance: 120.5, currency: "USD", buyingPower: 100.5 }],
  },
};

// What a listener hears of one frame.
async function heardOf(frame) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (peer) =>
    peer.on("message", () => {
      peer.send(JSON.stringify(frame));
      // Ends the probe if the frame is dropped without a word.
      peer.close(1000);
    }),
  );
  const client = new PolymarketUS({
    keyId: "00000000-0000-4000-8000-000000000001",
    secretKey: randomBytes(32).toString("base64"),
    apiBaseUrl: `http://127.0.0.1:${server.address().port}`,
  });
  const socket = client.ws.private();
  const heard = [];
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("accountBalanceSnapshot", () => heard.push("accountBalanceSnapshot"));
  socket.on("error", (error) => heard.push(`error, ${error.name} ${JSON.stringify(error.message)}`));
  await socket.connect();
  socket.subscribeAccountBalance("r1");
  await closed;
  server.close();
  return heard.join("; ") || "nothing";
}

console.log(`without "error": ${await heardOf(SNAPSHOT)}`);
console.log(`with "error": "": ${await heardOf({ ...SNAPSHOT, error: "" })}`);
process.exit(0);
JS

seen=$(node probe.mjs)
printf '%s\n' "$seen"
diff <(printf '%s\n' "$seen") - <<'EXPECTED'
without "error": accountBalanceSnapshot
with "error": "": error, WebSocketError ""
EXPECTED
