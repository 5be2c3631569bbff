// Calls with @connectrpc/connect-node as recipe.mjs has it; ../README.md says what it is told and what
// it says.
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { create, fromJson, toBinary } from "@bufbuild/protobuf";
import { GetAccountSnapshotRequestSchema } from "./balance/v1/balance_service_pb.js";
import {
  connect, connectWithToken, detailsOf, outliveEndedSessions, repeatLost, watch,
} from "./recipe.mjs";

outliveEndedSessions();

const told = JSON.parse(process.env.TOLD);
const TIMEOUT_MS = 20_000;
const REQUEST = { name: "accounts/desk-1" };
const connectTo = (address) => connect(address, told);

const codeOf = (promise) => promise.then(() => "OK", (error) => Code[error.code]);

function isTaken(make) {
  try {
    toBinary(GetAccountSnapshotRequestSchema, make());
  } catch {
    return "refused";
  }
  return "dropped";
}

const misspelt = (request) => [
  isTaken(() => create(GetAccountSnapshotRequestSchema, request)),
  isTaken(() => fromJson(GetAccountSnapshotRequestSchema, request)),
].join(", from JSON ");

// How often the recipe makes a call that is lost with its connection each time.
async function attempts(stream) {
  let made = 0;
  const lose = async () => {
    ++made;
    throw Object.assign(new Error("lost"), { cause: { code: "ERR_HTTP2_STREAM_ERROR" } });
  };
  await repeatLost(lose)({ stream, signal: new AbortController().signal }).catch(() => {});
  return made;
}

// Whether the process lives on when a session reports its end to nobody.
async function outlives() {
  setImmediate(() => {
    new EventEmitter().emit("error", new ConnectError("received GOAWAY without any open streams",
                                                      Code.Canceled));
  });
  await sleep(1);
  return true;
}

async function facts() {
  const snapshot = await connectWithToken(told.address, told)
    .getAccountSnapshot(REQUEST, { timeoutMs: TIMEOUT_MS });
  const error = await connectTo(told.address)
    .getSourceBalance({ name: told.dead_source }, { timeoutMs: TIMEOUT_MS }).catch((error) => error);
  const { info, retry } = detailsOf(error);
  const flaky = connectTo(told.flaky);
  const stream = watch(flaky, {}, 300);
  await stream.next();
  await stream.next();
  await stream.return();
  const get = (peer) => codeOf(connectTo(peer).getAccountSnapshot(REQUEST, { timeoutMs: TIMEOUT_MS }));
  return {
    version: JSON.parse(readFileSync(new URL(
      "./node_modules/@connectrpc/connect-node/package.json", import.meta.url))).version,
    lost: [await attempts(false), await attempts(true)],
    outlived: await outlives(),
    misspelt: [misspelt({ policy: { require: "AL" } }), misspelt({ policy: { requires: "ALL" } })],
    token: snapshot.name,
    cash: snapshot.sources[0].balanceSet.balances[0].cash.value,
    error: [info.reason, retry !== undefined],
    flaky: await get(told.flaky),
    sick: await get(told.sick),
    closed: await get(told.closed),
    slow: await codeOf(flaky.getSourceBalance({}, { timeoutMs: 500 })),
  };
}

const result = { calls: 0, failed: {}, snapshots: 0, goodbyes: 0, ...await facts() };
let isOver = false;
process.on("SIGTERM", () => { isOver = true; });
console.log("ready");

async function keepCalling(client) {
  while (!isOver) {
    await client.getAccountSnapshot(REQUEST, { timeoutMs: TIMEOUT_MS }).catch(({ message }) => {
      result.failed[message] = (result.failed[message] ?? 0) + 1;
    });
    ++result.calls;
    await sleep(told.pause * 1000);
  }
}

async function follow(client) {
  for await (const { event } of watch(client, {})) {
    if (event.case === "snapshot") ++result.snapshots;
    if (event.case === "goodbye") ++result.goodbyes;
  }
}

const times = (number, make) => Array.from({ length: number }, make);
times(told.watches, () => follow(connectTo(told.address)));
await Promise.all(times(told.connections, () => keepCalling(connectTo(told.address))));
console.log(JSON.stringify(result));
process.exit(0);
