// Reads the balances with Polymarket US's official SDK and prints {"rows": [...]} or
// {"error": {"name", "status", "typed"}}. Credentials and base URL come from the environment.

// The SDK's signing library wants this global, which Node 18 (Debian 12) does not define by itself.
globalThis.crypto ??= require("node:crypto").webcrypto;
const { AuthenticationError, PolymarketUS } = require("polymarket-us");

const client = new PolymarketUS({
  keyId: process.env.POLYMARKET_KEY_ID,
  secretKey: process.env.POLYMARKET_SECRET_KEY,
  apiBaseUrl: process.env.POLYMARKET_BASE_URL,
});

client.account.balances().then(
  ({ balances }) => console.log(JSON.stringify({ rows: balances })),
  (error) => {
    const { name, status } = error;
    const typed = error instanceof AuthenticationError;
    console.log(JSON.stringify({ error: { name, status, typed } }));
  },
);
