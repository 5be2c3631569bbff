// Calls with @grpc/grpc-js as recipe.mjs has it; ../README.md says what it is told and what it says.
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";

const told = JSON.parse(process.env.TOLD);
process.env.PROTO = told.proto;
const { checked, connect, connectWithToken, detailsOf, get, watch } = await import("./recipe.mjs");

const TIMEOUT_MS = 20_000;
const REQUEST = { name: "accounts/desk-1" };
const files = { ...told, serviceConfig: told.service_config };
// Else all clients of an address share one connection.
const clientOf = (address) => connect(address, files, { "grpc.use_local_subchannel_pool": 1 });

const codeOf = (promise) => promise.then(() => "OK", (error) => status[error.code]);
const call = (client, method, request, timeoutMs, metadata = new Metadata()) =>
  new Promise((resolve, reject) => client[method](request, metadata,
    { deadline: Date.now() + timeoutMs },
    (error, answer) => error ? reject(error) : resolve(answer)));

function misspelt(request) {
  const { GetAccountSnapshot } = clientOf(told.closed);
  GetAccountSnapshot.requestSerialize(request);
  try {
    checked("GetAccountSnapshot", request);
  } catch {
    return "dropped";
  }
  return "not seen by the recipe";
}

async function facts() {
  const snapshot = await get(connectWithToken(told.address, files), REQUEST, TIMEOUT_MS);
  const error = await call(clientOf(told.address), "GetSourceBalance", { name: told.dead_source },
    TIMEOUT_MS).catch((error) => error);
  const { info, retry } = detailsOf(error);
  const stream = watch(clientOf(told.flaky), {}, 300);
  await stream.next();
  await stream.next();
  await stream.return();
  const waiting = new Metadata({ waitForReady: true });
  return {
    version: createRequire(import.meta.url)("@grpc/grpc-js/package.json").version,
    misspelt: [misspelt({ policy: { require: "AL" } }), misspelt({ policy: { requires: "ALL" } })],
    token: snapshot.name,
    cash: snapshot.sources[0].balance_set.balances[0].cash.value,
    error: [info.reason, retry !== undefined],
    flaky: await codeOf(get(clientOf(told.flaky), REQUEST, TIMEOUT_MS)),
    sick: await codeOf(get(clientOf(told.sick), REQUEST, TIMEOUT_MS)),
    closed: await codeOf(get(clientOf(told.closed), REQUEST, TIMEOUT_MS)),
    closed_waiting: await codeOf(call(clientOf(told.closed), "GetAccountSnapshot", REQUEST, 1000, waiting)),
    slow: await codeOf(call(clientOf(told.flaky), "GetSourceBalance", {}, 500)),
  };
}

const result = { calls: 0, failed: {}, snapshots: 0, goodbyes: 0, ...await facts() };
let isOver = false;
process.on("SIGTERM", () => { isOver = true; });
console.log("ready");

async function keepCalling(client) {
  while (!isOver) {
    await get(client, REQUEST, TIMEOUT_MS).catch(({ message }) => {
      result.failed[message] = (result.failed[message] ?? 0) + 1;
    });
    ++result.calls;
    await sleep(told.pause * 1000);
  }
}

async function follow(client) {
  for await (const { event } of watch(client, {})) {
    if (event === "snapshot") ++result.snapshots;
    if (event === "goodbye") ++result.goodbyes;
  }
}

const times = (number, make) => Array.from({ length: number }, make);
times(told.watches, () => follow(clientOf(told.address)));
await Promise.all(times(told.connections, () => keepCalling(clientOf(told.address))));
console.log(JSON.stringify(result));
process.exit(0);
