// Calls the conformance service over many connections until SIGTERM, then says on standard output
// how many calls there were and, by their words, which failed.
//
// Environment: LIBRARY ("grpc-js" or "connect-node"), PORT, LOADS (JSON: for each connection how
// many calls are made at a time, and the pause behind each) and SERVICE_CONFIG (for grpc-js, empty for
// its defaults). For connect-node, recipe.mjs beside this exports a list of interceptors.

const TIMEOUT_MS = 20_000;
const SERVICE = "connectrpc.conformance.v1.ConformanceService";
const address = `127.0.0.1:${process.env.PORT}`;

async function grpcJs() {
  const { Client, credentials } = await import("@grpc/grpc-js");
  const bytes = (value) => value;
  // Else all clients of an address share one connection.
  const options = { "grpc.use_local_subchannel_pool": 1 };
  if (process.env.SERVICE_CONFIG) options["grpc.service_config"] = process.env.SERVICE_CONFIG;
  return () => {
    const client = new Client(address, credentials.createInsecure(), options);
    return () => new Promise((resolve, reject) => {
      client.makeUnaryRequest(`/${SERVICE}/Unary`, bytes, bytes, Buffer.alloc(0),
        { deadline: Date.now() + TIMEOUT_MS },
        (error, answer) => error ? reject(error) : resolve(answer));
    });
  };
}

async function connectNode() {
  const { createClient } = await import("@connectrpc/connect");
  const { createGrpcTransport } = await import("@connectrpc/connect-node");
  const { create, createFileRegistry } = await import("@bufbuild/protobuf");
  const { FileDescriptorSetSchema } = await import("@bufbuild/protobuf/wkt");
  const interceptors = (await import("./recipe.mjs")).default;
  // Fields are of no interest here.
  const message = ".connectrpc.conformance.v1.Message";
  const file = {
    name: "service.proto",
    package: "connectrpc.conformance.v1",
    syntax: "proto3",
    messageType: [{ name: "Message" }],
    service: [{
      name: "ConformanceService",
      method: [{ name: "Unary", inputType: message, outputType: message }],
    }],
  };
  const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }))
    .getService(SERVICE);
  return () => {
    const client = createClient(service,
      createGrpcTransport({ baseUrl: `http://${address}`, interceptors }));
    return () => client.unary({}, { timeoutMs: TIMEOUT_MS });
  };
}

const connect = await { "grpc-js": grpcJs, "connect-node": connectNode }[process.env.LIBRARY]();
const result = { calls: 0, failed: {} };
let isOver = false;
process.on("SIGTERM", () => { isOver = true; });

async function keepCalling(call, pauseMs) {
  while (!isOver) {
    ++result.calls;
    try {
      await call();
    } catch (error) {
      result.failed[error.message] = (result.failed[error.message] ?? 0) + 1;
    }
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

await Promise.all(JSON.parse(process.env.LOADS).flatMap(({ at_a_time, pause_ms }) => {
  const call = connect();
  return Array.from({ length: at_a_time }, (_, i) => keepCalling(call, pause_ms * (1 + i / 10)));
}));
console.log(JSON.stringify(result));
process.exit(0);
