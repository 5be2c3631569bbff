"""How a program with grpclib calls the service. docs/calling.md quotes it."""

import asyncio
import ssl
from pathlib import Path

from balance.v1.balance_service_grpc import BalanceServiceStub
from google.rpc import error_details_pb2
from grpclib import Status
from grpclib.client import Channel
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.metadata import Deadline

CONNECTION_LOST = (StreamTerminatedError, OSError)


def connect(host: str, port: int, ca: Path, certificate: Path, key: Path) -> Channel:
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    return Channel(host, port, ssl=context)


def details_of(error: GRPCError):
    """The ErrorInfo and the RetryInfo, each None where there is none."""
    def first(kind):
        return next((detail for detail in error.details or () if isinstance(detail, kind)), None)
    return first(error_details_pb2.ErrorInfo), first(error_details_pb2.RetryInfo)


async def call(method, request, timeout: float, metadata: dict | None = None):
    """Makes a call that was lost with its connection again: all methods are reads. What the service
    itself says is UNAVAILABLE has details, and is raised."""
    deadline = Deadline.from_timeout(timeout)
    for pause in (0.05, 0.1, 0.2, 0.4, None):
        try:
            return await method(request, timeout=deadline.time_remaining(), metadata=metadata)
        except CONNECTION_LOST:
            if pause is None:
                raise
        except GRPCError as error:
            if error.status != Status.UNAVAILABLE or error.details or pause is None:
                raise
        await asyncio.sleep(pause)


MENDS_ITSELF = (Status.UNAVAILABLE, Status.CANCELLED, Status.ABORTED)


async def watch(channel: Channel, request, silence_seconds: float = 11):
    """The messages of the stream, and of the next one when it ends or falls silent. Raises an error
    that calling again does not mend."""
    while True:
        pause = 1.0
        try:
            async with BalanceServiceStub(channel).WatchAccountSnapshots.open() as stream:
                await stream.send_message(request, end=True)
                while message := await asyncio.wait_for(stream.recv_message(), silence_seconds):
                    yield message
        except (*CONNECTION_LOST, asyncio.TimeoutError):
            pass
        except GRPCError as error:
            retry = details_of(error)[1]
            if retry is not None:
                pause = retry.retry_delay.ToMilliseconds() / 1000
            elif error.status not in MENDS_ITSELF:
                raise
        await asyncio.sleep(pause)
