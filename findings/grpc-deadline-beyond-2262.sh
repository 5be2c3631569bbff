#!/usr/bin/env bash
# gRPC C++ 1.51.1-3+b1 (Debian 12): a deadline far ahead is shown to the service as one long past.
#
# The wire format lets a caller give up to eight digits and a unit: 99999999H is a valid
# grpc-timeout, and 2562047H is what fits the 64-bit nanoseconds that some languages hold a duration
# in. One would guess that ServerContext::deadline() shows such a call a time far ahead, or
# time_point::max() as it does for a call without a deadline.
#
# Instead it shows a time in the past. The core keeps the deadline right (raw_deadline(), and the
# call is not cancelled: the caller gets status 0), but deadline() makes it a
# std::chrono::system_clock time, whose 64-bit nanoseconds end in the year 2262, and the
# multiplication wraps round.
#
# Output seen (hours from now, to the nearest thousand):
#   grpc-timeout 1000H: raw_deadline 1000, deadline in the future, status 0
#   grpc-timeout 2562047H: raw_deadline 2562000, deadline in the past, status 0
#   grpc-timeout 99999999H: raw_deadline 100000000, deadline in the past, status 0
#   no grpc-timeout: raw_deadline is infinite, deadline is max, status 0
#
# Why it matters here: a service that plans a read of a balance by the time its caller has left
# refuses the most patient callers at once with DEADLINE_EXCEEDED. raw_deadline() has to be asked.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download \
  libgrpc++1.51=1.51.1-3+b1 libgrpc++-dev=1.51.1-3+b1 \
  libgrpc29=1.51.1-3+b1 libgrpc-dev=1.51.1-3+b1 \
  libprotobuf32=3.21.12-3+deb12u1 libprotobuf-dev=3.21.12-3+deb12u1 \
  libabsl20220623=20220623.1-1+deb12u2 libabsl-dev=20220623.1-1+deb12u2 \
  libre2-9=20220601+dfsg-1+b1 libc-ares2=1.18.1-3 >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
lib=$(dirname "$(find "$dir/root" -name libgrpc++.so)")
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check --no-deps \
  h2==4.1.0 hpack==4.0.0 hyperframe==6.0.1

cat >server.cc <<'CC'
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

// Tells what each of four calls has for a deadline, then ends it well.
int main() {
  if (grpc::Version() != "1.51.1") return 2;
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterAsyncGenericService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  printf("%d\n", port);
  fflush(stdout);

  const auto done = [&queue] {
    void* tag;
    bool well;
    const auto limit = std::chrono::system_clock::now() + std::chrono::seconds(20);
    return queue->AsyncNext(&tag, &well, limit) == grpc::CompletionQueue::GOT_EVENT && well;
  };
  for (int call = 0; call < 4; ++call) {
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream(&context);
    service.RequestCall(&context, &stream, queue.get(), queue.get(), nullptr);
    if (!done()) return 3;
    const gpr_timespec raw = context.raw_deadline();
    const auto shown = context.deadline();
    const auto now = std::chrono::system_clock::now();
    if (gpr_time_cmp(raw, gpr_inf_future(raw.clock_type)) == 0) {
      printf("raw_deadline is infinite, ");
    } else {
      const double left = gpr_timespec_to_micros(gpr_time_sub(raw, gpr_now(raw.clock_type)));
      printf("raw_deadline %.0f, ", std::round(left / 3.6e9 / 1000) * 1000);
    }
    printf("deadline %s\n", shown == decltype(shown)::max() ? "is max"
                            : shown > now                  ? "in the future"
                                                           : "in the past");
    fflush(stdout);
    stream.Finish(grpc::Status::OK, nullptr);
    if (!done()) return 4;
  }
  getchar();  // until the last caller has its answer
  server->Shutdown(std::chrono::system_clock::now());
  queue->Shutdown();
}
CC
cat >drive.py <<'PY'
import socket
import subprocess
import sys

import h2.config
import h2.connection
import h2.events


def call(port, timeout):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    headers = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"),
               (":path", "/balance.Balances/Get"), ("te", "trailers"),
               ("content-type", "application/grpc")]
    if timeout:
        headers.append(("grpc-timeout", timeout))
    connection.send_headers(1, headers)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(connection.data_to_send())
        while data := peer.recv(65536):
            for event in connection.receive_data(data):
                # A status without a message before it comes in the only headers.
                found = dict(getattr(event, "headers", None) or []).get("grpc-status")
                if found is not None:
                    return found
            peer.sendall(connection.data_to_send())
    return "none"


server = subprocess.Popen(["./server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
try:
    port = int(server.stdout.readline())
    for timeout in "1000H", "2562047H", "99999999H", None:
        status = call(port, timeout)
        seen = server.stdout.readline().strip()
        name = f"grpc-timeout {timeout}" if timeout else "no grpc-timeout"
        print(f"{name}: {seen}, status {status}")
    server.stdin.close()
    sys.exit(server.wait(timeout=30))
finally:
    server.kill()
PY
g++ -std=c++20 -isystem root/usr/include server.cc -L "$lib" -Wl,-rpath-link,"$lib" \
  -lgrpc++ -lgrpc -lgpr -o server
LD_LIBRARY_PATH=$lib timeout 120 python/bin/python drive.py | tee seen

cat >expected <<'TEXT'
grpc-timeout 1000H: raw_deadline 1000, deadline in the future, status 0
grpc-timeout 2562047H: raw_deadline 2562000, deadline in the past, status 0
grpc-timeout 99999999H: raw_deadline 100000000, deadline in the past, status 0
no grpc-timeout: raw_deadline is infinite, deadline is max, status 0
TEXT
if ! diff expected seen; then
  echo "gRPC C++ now shows a far deadline otherwise than as one in the past." >&2
  exit 1
fi
