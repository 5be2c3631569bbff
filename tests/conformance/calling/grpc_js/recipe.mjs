// How a program with @grpc/grpc-js calls the service. docs/calling.md quotes it.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials, loadPackageDefinition, Metadata, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const FILE = "balance/v1/balance_service.proto";
const LOADED = { keepCase: true, longs: String, enums: String, oneofs: true,
  includeDirs: [process.env.PROTO] };
const definitions = loadSync(FILE, { ...LOADED, defaults: true });
const { BalanceService } = loadPackageDefinition(definitions).balance.v1;

export function connect(address, { ca, certificate, key, serviceConfig }, more = {}) {
  return new BalanceService(address,
    credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(certificate)),
    { "grpc.service_config": readFileSync(serviceConfig, "utf8"),
      "grpc.keepalive_time_ms": 60_000, ...more });
}

export function connectWithToken(address, { ca, token, serviceConfig }) {
  const bearer = credentials.createFromMetadataGenerator((_, callback) => {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    callback(null, metadata);
  });
  return new BalanceService(address,
    credentials.combineChannelCredentials(credentials.createSsl(readFileSync(ca)), bearer),
    { "grpc.service_config": readFileSync(serviceConfig, "utf8"),
      "grpc.keepalive_time_ms": 60_000 });
}

// What proto-loader would drop without a word from a request throws here.
const exact = loadSync(FILE, { ...LOADED, defaults: false })["balance.v1.BalanceService"];
export function checked(method, request) {
  const { requestSerialize, requestDeserialize } = exact[method];
  const refuseDropped = (given, sent, path) => {
    for (const [name, value] of Object.entries(given)) {
      if (sent?.[name] === undefined) throw new TypeError(`${path}${name}: ${value} is not known`);
      if (typeof value === "object") refuseDropped(value, sent[name], `${path}${name}.`);
    }
  };
  refuseDropped(request, requestDeserialize(requestSerialize(request)), "");
  return request;
}

export function get(client, request, timeoutMs) {
  return new Promise((resolve, reject) => {
    client.GetAccountSnapshot(checked("GetAccountSnapshot", request),
      { deadline: Date.now() + timeoutMs },
      (error, snapshot) => error ? reject(error) : resolve(snapshot));
  });
}

// The ErrorInfo and the RetryInfo, where there is one.
export function detailsOf(error) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (bytes === undefined) return {};
  const { details } = definitions["google.rpc.Status"].deserialize(bytes);
  const found = Object.fromEntries(details.map(({ type_url, value }) => {
    const name = type_url.split("/").at(-1);
    return [name, definitions[name]?.deserialize(value)];
  }));
  return { info: found["google.rpc.ErrorInfo"], retry: found["google.rpc.RetryInfo"] };
}

// The messages of the stream, and of the next one when it ends or falls silent. Throws an error that
// calling again does not mend.
export async function* watch(client, request, silenceMs = 11_000) {
  const mendsItself = [status.UNAVAILABLE, status.CANCELLED, status.ABORTED, status.INTERNAL];
  for (;;) {
    let pauseMs = 1000;
    const stream = client.WatchAccountSnapshots(checked("WatchAccountSnapshots", request));
    const watchdog = setTimeout(() => stream.cancel(), silenceMs);
    try {
      for await (const message of stream) {
        watchdog.refresh();
        yield message;
      }
    } catch (error) {
      const { retry } = detailsOf(error);
      if (retry) pauseMs = retry.retry_delay.seconds * 1000 + retry.retry_delay.nanos / 1e6;
      else if (!mendsItself.includes(error.code)) throw error;
    } finally {
      clearTimeout(watchdog);
      stream.cancel();
    }
    await sleep(pauseMs);
  }
}
