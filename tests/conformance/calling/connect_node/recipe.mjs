// How a program with @connectrpc/connect-node calls the service. docs/calling.md quotes it.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BalanceService } from "./balance/v1/balance_service_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "./google/rpc/error_details_pb.js";

// A session that is told to go while no call is open may report that after connect-node has stopped
// listening (2.1.2 and 2.3.0), and Node ends a process for an error that nobody listens to. To be
// called once, when the process starts.
export function outliveEndedSessions() {
  process.on("uncaughtException", (error) => {
    if (!(error instanceof ConnectError) || !/^received GOAWAY/.test(error.rawMessage)) throw error;
  });
}

// A call that was lost with its connection is made again: all methods are reads. A stream's request
// can be sent but once, so watch() makes a new one.
export const repeatLost = (next) => async (request) => {
  for (let left = 3; ; --left) {
    try {
      return await next(request);
    } catch (error) {
      const isLost = /^ERR_HTTP2_(STREAM|SESSION)_ERROR$/.test(error.cause?.code);
      if (!isLost || request.stream || left === 0 || request.signal.aborted) throw error;
    }
  }
};

export function connect(address, { ca, certificate, key }) {
  return createClient(BalanceService, createGrpcTransport({
    baseUrl: `https://${address}`,
    interceptors: [repeatLost],
    pingIntervalMs: 60_000,
    nodeOptions: { ca: readFileSync(ca), cert: readFileSync(certificate), key: readFileSync(key) },
  }));
}

export function connectWithToken(address, { ca, token }) {
  const withToken = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  return createClient(BalanceService, createGrpcTransport({
    baseUrl: `https://${address}`,
    interceptors: [repeatLost, withToken],
    pingIntervalMs: 60_000,
    nodeOptions: { ca: readFileSync(ca) },
  }));
}

// The ErrorInfo and the RetryInfo, where there is one.
export function detailsOf(error) {
  return { info: error.findDetails(ErrorInfoSchema)[0], retry: error.findDetails(RetryInfoSchema)[0] };
}

// The messages of the stream, and of the next one when it ends or falls silent. Throws an error that
// calling again does not mend.
export async function* watch(client, request, silenceMs = 11_000) {
  const mendsItself = [Code.Unavailable, Code.Canceled, Code.Aborted, Code.Internal];
  for (;;) {
    let pauseMs = 1000;
    const stop = new AbortController();
    const watchdog = setTimeout(() => stop.abort(), silenceMs);
    try {
      for await (const message of client.watchAccountSnapshots(request, { signal: stop.signal })) {
        watchdog.refresh();
        yield message;
      }
    } catch (reason) {
      const error = ConnectError.from(reason);
      const { retry } = detailsOf(error);
      if (retry) pauseMs = Number(retry.retryDelay.seconds) * 1000 + retry.retryDelay.nanos / 1e6;
      else if (!mendsItself.includes(error.code)) throw error;
    } finally {
      clearTimeout(watchdog);
      stop.abort();
    }
    await sleep(pauseMs);
  }
}
