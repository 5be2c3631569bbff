import balance.v1.BalanceServiceGrpc;
import balance.v1.BalanceServiceGrpc.BalanceServiceBlockingStub;
import balance.v1.BalanceServiceOuterClass.AccountSnapshot;
import balance.v1.BalanceServiceOuterClass.GetAccountSnapshotRequest;
import balance.v1.BalanceServiceOuterClass.GetSourceBalanceRequest;
import balance.v1.BalanceServiceOuterClass.WatchAccountSnapshotsRequest;
import com.google.gson.Gson;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.internal.GrpcUtil;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Calls with grpc-java as Recipe has it; ../README.md says what it is told and what it says. */
public final class Program {
  private static final long TIMEOUT_MS = 20_000;
  private static final GetAccountSnapshotRequest REQUEST =
      GetAccountSnapshotRequest.newBuilder().setName("accounts/desk-1").build();

  @SuppressWarnings("unchecked")
  private final Map<String, Object> told = new Gson().fromJson(System.getenv("TOLD"), Map.class);
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
  private final Map<String, Integer> counts = new ConcurrentHashMap<>();
  private final Map<String, Integer> failed = new ConcurrentHashMap<>();
  private volatile boolean isOver = false;

  private File file(String name) {
    return new File((String) told.get(name));
  }

  private int number(String name) {
    return ((Double) told.get(name)).intValue();
  }

  private BalanceServiceBlockingStub stub(String peer, boolean withCertificate) throws Exception {
    return BalanceServiceGrpc.newBlockingStub(Recipe.connect((String) told.get(peer), file("ca"),
        withCertificate ? file("certificate") : null, file("key"),
        Path.of((String) told.get("service_config"))));
  }

  private BalanceServiceBlockingStub stub(String peer) throws Exception {
    return stub(peer, true);
  }

  private static AccountSnapshot get(BalanceServiceBlockingStub stub, long timeoutMs) {
    return stub.withDeadlineAfter(timeoutMs, TimeUnit.MILLISECONDS).getAccountSnapshot(REQUEST);
  }

  private static StatusRuntimeException errorOf(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      return error;
    }
    return Status.OK.asRuntimeException();
  }

  private static String codeOf(Runnable call) {
    return errorOf(call).getStatus().getCode().name();
  }

  private static String misspelt(String json) {
    try {
      JsonFormat.parser().merge(json, GetAccountSnapshotRequest.newBuilder());
    } catch (InvalidProtocolBufferException refused) {
      return "refused";
    }
    return "dropped";
  }

  private void watchFlaky(BalanceServiceBlockingStub flaky) throws Exception {
    CountDownLatch seen = new CountDownLatch(2);
    Thread watcher = new Thread(() -> {
      try {
        Recipe.watch(flaky, WatchAccountSnapshotsRequest.getDefaultInstance(), 300, timer,
            message -> seen.countDown());
      } catch (InterruptedException over) {
        Thread.currentThread().interrupt();
      }
    });
    watcher.setDaemon(true);
    watcher.start();
    seen.await();
    watcher.interrupt();
  }

  private Map<String, Object> facts() throws Exception {
    AccountSnapshot snapshot = get(stub("address", false)
        .withCallCredentials(new Recipe.Bearer((String) told.get("token"))), TIMEOUT_MS);
    GetSourceBalanceRequest dead =
        GetSourceBalanceRequest.newBuilder().setName((String) told.get("dead_source")).build();
    BalanceServiceBlockingStub service = stub("address");
    StatusRuntimeException error = errorOf(() -> service
        .withDeadlineAfter(TIMEOUT_MS, TimeUnit.MILLISECONDS).getSourceBalance(dead));
    BalanceServiceBlockingStub flaky = stub("flaky");
    watchFlaky(flaky);
    BalanceServiceBlockingStub sick = stub("sick");
    BalanceServiceBlockingStub closed = stub("closed");
    Map<String, Object> facts = new HashMap<>();
    facts.put("version", GrpcUtil.getGrpcBuildVersion().getImplementationVersion());
    facts.put("misspelt", List.of(misspelt("{\"policy\": {\"require\": \"AL\"}}"),
        misspelt("{\"policy\": {\"requires\": \"ALL\"}}")));
    facts.put("token", snapshot.getName());
    facts.put("cash", snapshot.getSources(0).getBalanceSet().getBalances(0).getCash().getValue());
    facts.put("error", List.of(Recipe.detailOf(error, ErrorInfo.class).orElseThrow().getReason(),
        Recipe.detailOf(error, RetryInfo.class).isPresent()));
    facts.put("flaky", codeOf(() -> get(flaky, TIMEOUT_MS)));
    facts.put("sick", codeOf(() -> get(sick, TIMEOUT_MS)));
    facts.put("closed", codeOf(() -> get(closed, TIMEOUT_MS)));
    facts.put("closed_waiting", codeOf(() -> get(closed.withWaitForReady(), 1000)));
    facts.put("slow", codeOf(() -> flaky.withDeadlineAfter(500, TimeUnit.MILLISECONDS)
        .getSourceBalance(GetSourceBalanceRequest.getDefaultInstance())));
    return facts;
  }

  private void keepCalling(BalanceServiceBlockingStub stub) {
    while (!isOver) {
      StatusRuntimeException error = errorOf(() -> get(stub, TIMEOUT_MS));
      if (!error.getStatus().isOk()) failed.merge(error.getMessage(), 1, Integer::sum);
      counts.merge("calls", 1, Integer::sum);
      try {
        Thread.sleep((long) ((Double) told.get("pause") * 1000));
      } catch (InterruptedException over) {
        return;
      }
    }
  }

  private void keepWatching(BalanceServiceBlockingStub stub) {
    try {
      Recipe.watch(stub, WatchAccountSnapshotsRequest.getDefaultInstance(), 11_000, timer, message -> {
        if (message.hasSnapshot()) counts.merge("snapshots", 1, Integer::sum);
        if (message.hasGoodbye()) counts.merge("goodbyes", 1, Integer::sum);
      });
    } catch (InterruptedException over) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Thread> start(int number, java.util.function.Consumer<BalanceServiceBlockingStub> work)
      throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < number; ++i) {
      BalanceServiceBlockingStub stub = stub("address");
      Thread thread = new Thread(() -> work.accept(stub));
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    return threads;
  }

  private void run() throws Exception {
    Map<String, Object> result = facts();
    start(number("watches"), this::keepWatching);
    List<Thread> callers = start(number("connections"), this::keepCalling);
    CountDownLatch said = new CountDownLatch(1);
    sun.misc.Signal.handle(new sun.misc.Signal("TERM"), signal -> said.countDown());
    System.out.println("ready");
    said.await();
    isOver = true;
    for (Thread caller : callers) caller.join();
    result.putAll(counts);
    result.put("failed", failed);
    System.out.println(new Gson().toJson(result));
    Runtime.getRuntime().halt(0);
  }

  public static void main(String[] arguments) throws Exception {
    new Program().run();
  }
}
