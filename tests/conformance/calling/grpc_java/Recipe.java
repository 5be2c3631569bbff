import balance.v1.BalanceServiceGrpc.BalanceServiceBlockingStub;
import balance.v1.BalanceServiceOuterClass.WatchAccountSnapshotsRequest;
import balance.v1.BalanceServiceOuterClass.WatchAccountSnapshotsResponse;
import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.RetryInfo;
import io.grpc.CallCredentials;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** How a program with grpc-java calls the service. docs/calling.md quotes it. */
final class Recipe {
  /** Without a certificate the caller has to show a {@link Bearer} token. */
  static ManagedChannel connect(String address, File ca, File certificate, File key,
      Path serviceConfig) throws IOException {
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder().trustManager(ca);
    if (certificate != null) tls.keyManager(certificate, key);
    Map<String, ?> config = new Gson().fromJson(Files.readString(serviceConfig), Map.class);
    return Grpc.newChannelBuilder("dns:///" + address, tls.build())
        .defaultServiceConfig(config)
        .keepAliveTime(60, TimeUnit.SECONDS)
        .build();
  }

  /** Goes with a stub: {@code stub.withCallCredentials(new Bearer(token))}. */
  static final class Bearer extends CallCredentials {
    private static final Metadata.Key<String> AUTHORIZATION =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private final Metadata headers = new Metadata();

    Bearer(String token) {
      headers.put(AUTHORIZATION, "Bearer " + token);
    }

    @Override
    public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
      applier.apply(headers);
    }
  }

  /** The ErrorInfo or RetryInfo of an error, if it has one. */
  static <T extends Message> Optional<T> detailOf(StatusRuntimeException error, Class<T> kind) {
    for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
      try {
        if (detail.is(kind)) return Optional.of(detail.unpack(kind));
      } catch (InvalidProtocolBufferException malformed) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /**
   * Hands on the messages of the stream, and of the next one when it ends or falls silent. Throws an
   * error that calling again does not mend. {@code timer} ends silent streams.
   */
  static void watch(BalanceServiceBlockingStub stub, WatchAccountSnapshotsRequest request,
      long silenceMs, ScheduledExecutorService timer, Consumer<WatchAccountSnapshotsResponse> take)
      throws InterruptedException {
    while (true) {
      long pauseMs = 1000;
      try (Context.CancellableContext context = Context.current().withCancellation()) {
        Runnable stop = () -> context.cancel(null);
        Context before = context.attach();
        ScheduledFuture<?> watchdog = timer.schedule(stop, silenceMs, TimeUnit.MILLISECONDS);
        try {
          Iterator<WatchAccountSnapshotsResponse> stream =
              stub.withWaitForReady().watchAccountSnapshots(request);
          while (stream.hasNext()) {
            watchdog.cancel(false);
            take.accept(stream.next());
            watchdog = timer.schedule(stop, silenceMs, TimeUnit.MILLISECONDS);
          }
        } finally {
          watchdog.cancel(false);
          context.detach(before);
        }
      } catch (StatusRuntimeException error) {
        Optional<RetryInfo> retry = detailOf(error, RetryInfo.class);
        if (retry.isPresent()) {
          pauseMs = retry.get().getRetryDelay().getSeconds() * 1000
              + retry.get().getRetryDelay().getNanos() / 1_000_000;
        } else if (!mendsItself(error.getStatus().getCode())) {
          throw error;
        }
      }
      Thread.sleep(pauseMs);
    }
  }

  private static boolean mendsItself(Status.Code code) {
    return code == Status.Code.UNAVAILABLE || code == Status.Code.CANCELLED
        || code == Status.Code.ABORTED;
  }

  private Recipe() {}
}
