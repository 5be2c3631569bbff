"""How a program with grpcio calls the service. docs/calling.md quotes it."""

import threading
import time
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status


def connect(address: str, ca: Path, certificate: Path, key: Path, service_config: Path, *options):
    credentials = grpc.ssl_channel_credentials(ca.read_bytes(), key.read_bytes(),
                                               certificate.read_bytes())
    return grpc.secure_channel(f"dns:///{address}", credentials, options=[
        ("grpc.service_config", service_config.read_text()),
        ("grpc.keepalive_time_ms", 60_000), *options])


def connect_with_token(address: str, ca: Path, token: str, service_config: Path):
    credentials = grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(ca.read_bytes()), grpc.access_token_call_credentials(token))
    return grpc.secure_channel(f"dns:///{address}", credentials, options=[
        ("grpc.service_config", service_config.read_text()), ("grpc.keepalive_time_ms", 60_000)])


def details_of(error: grpc.RpcError):
    """The ErrorInfo and the RetryInfo, each None where there is none."""
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    status = rpc_status.from_call(error)
    found = [(detail.Unpack(info), detail.Unpack(retry)) for detail in status.details] if status else []
    return (info if any(has for has, _ in found) else None,
            retry if any(has for _, has in found) else None)


MENDS_ITSELF = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.ABORTED)


def watch(stub, request, silence_seconds: float = 11):
    """The messages of the stream, and of the next one when it ends or falls silent. Raises an error
    that calling again does not mend."""
    while True:
        pause = 1.0
        stream = stub.WatchAccountSnapshots(request, wait_for_ready=True)
        watchdog = threading.Timer(silence_seconds, stream.cancel)
        watchdog.start()
        try:
            for message in stream:
                watchdog.cancel()
                yield message
                watchdog = threading.Timer(silence_seconds, stream.cancel)
                watchdog.start()
        except grpc.RpcError as error:
            retry = details_of(error)[1]
            if retry is not None:
                pause = retry.retry_delay.ToMilliseconds() / 1000
            elif error.code() not in MENDS_ITSELF:
                raise
        finally:
            watchdog.cancel()
            stream.cancel()
        time.sleep(pause)
