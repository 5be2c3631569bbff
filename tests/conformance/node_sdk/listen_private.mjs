// Holds a private WebSocket with Polymarket US's official SDK, subscribed to account balances, and
// prints a line of JSON for each event until the socket closes. Credentials and base URL come from
// the environment.
import { webcrypto } from "node:crypto";

// The SDK's signing library wants this global, which Node 18 (Debian 12) does not define by itself.
globalThis.crypto ??= webcrypto;
const { PolymarketUS } = await import("polymarket-us");

const client = new PolymarketUS({
  keyId: process.env.POLYMARKET_KEY_ID,
  secretKey: process.env.POLYMARKET_SECRET_KEY,
  apiBaseUrl: process.env.POLYMARKET_BASE_URL,
});
const socket = client.ws.private();

for (const event of ["accountBalanceSnapshot", "accountBalanceUpdate", "heartbeat", "close"]) {
  socket.on(event, (message) => console.log(JSON.stringify({ event, message })));
}
socket.on("error", (error) => {
  console.log(JSON.stringify({ event: "error", error: error.message, name: error.name }));
});

try {
  await socket.connect();
  socket.subscribeAccountBalance("r1");
} catch {
  // It was an event, too.
}
