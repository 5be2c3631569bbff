#!/usr/bin/env bash
# polymarket-us 0.1.1 (npm): updates of balances under the name that the venue sends, and documents,
# today are dropped without a word.
#
# The venue's private WebSocket tells a change of a balance in a frame with "accountBalancesUpdate";
# its documentation names it so. One would guess that the official npm SDK, whose event is called
# "accountBalanceUpdate", hands it on: it does so with the snapshot before it, whose name has the same
# plural ("accountBalancesSnapshot").
#
# But of updates it knows the older name alone, "accountBalanceUpdate". For the present one there is no
# event, no error and no log: a listener has the snapshot and believes that nothing has changed since.
#
# Output seen:
#   accountBalancesSnapshot: accountBalanceSnapshot
#   accountBalanceUpdate: accountBalanceUpdate
#   accountBalancesUpdate: nothing
#
# Why it matters here: it is the figure from the start of the stream that such a listener trades on.
# What a stream says needs to be proven by a request now and then.
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

const FRAME = { requestId: "r1", subscriptionType: "SUBSCRIPTION_TYPE_ACCOUNT_BALANCE" };
const BEFORE = { currentBalance: 120.5, currency: "USD", buyingPower: 100.5 };
const AFTER = { currentBalance: 118.25, currency: "USD", buyingPower: 98.25 };
const CHANGE = {
  beforeBalance: BEFORE,
  afterBalance: AFTER,
  description: "fill",
  updateTime: "2026-09-18T14:05:23Z",
  modifiedSecurityId: "",
  entryType: "LEDGER_ENTRY_TYPE_ORDER_EXECUTION",
  accountName: "acct/main",
  id: "chg-9",
};
const PAYLOADS = {
  accountBalancesSnapshot: { balances: [BEFORE] },
  accountBalanceUpdate: { balance: 118.25, buyingPower: 98.25 },
  accountBalancesUpdate: { balanceChange: CHANGE },
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
  for (const event of ["accountBalanceSnapshot", "accountBalanceUpdate"]) {
    socket.on(event, () => heard.push(event));
  }
  socket.on("error", (error) => heard.push(`error, ${error.name} ${JSON.stringify(error.message)}`));
  await socket.connect();
  socket.subscribeAccountBalance("r1");
  await closed;
  server.close();
  return heard.join("; ") || "nothing";
}

for (const [name, payload] of Object.entries(PAYLOADS)) {
  console.log(`${name}: ${await heardOf({ ...FRAME, [name]: payload })}`);
}
process.exit(0);
JS

seen=$(node probe.mjs)
printf '%s\n' "$seen"
diff <(printf '%s\n' "$seen") - <<'EXPECTED'
accountBalancesSnapshot: accountBalanceSnapshot
accountBalanceUpdate: accountBalanceUpdate
accountBalancesUpdate: nothing
EXPECTED
