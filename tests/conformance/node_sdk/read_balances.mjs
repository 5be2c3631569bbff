// Reads the balances with Polymarket US's official SDK and prints {"rows": [...]} or
// {"error": {"name", "status", "typed"}}. Credentials and base URL come from the environment.
import { webcrypto } from "node:crypto";

// The SDK's signing library wants this global, which Node 18 (Debian 12) does not define by itself.
globalThis.crypto ??= webcrypto;
const { AuthenticationError, PolymarketUS } = await import("polymarket-us");

const client = new PolymarketUS({
  keyId: process.env.POLYMARKET_KEY_ID,
  secretKey: process.env.POLYMARKET_SECRET_KEY,
  apiBaseUrl: process.env.POLYMARKET_BASE_URL,
});

try {
  const { balances } = await client.account.balances();
  console.log(JSON.stringify({ rows: balances }));
} catch (error) {
  const { name, status } = error;
  const typed = error instanceof AuthenticationError;
  console.log(JSON.stringify({ error: { name, status, typed } }));
}
