package dev.fusedrnn.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The order in which streams wait for each other, seen by a CUDA that notes down its calls. */
class SideStreamTest {
    private static final Set<String> NOTED = Set.of(
            "eventRecord",
            "streamWaitEvent",
            "captureBegin",
            "captureEnd",
            "graphLaunch",
            "copyAsync",
            "streamSynchronize");

    private final FakeCuda cuda = new FakeCuda();
    private final List<String> calls = new ArrayList<>();
    private final CudaContext context = new CudaContext(noting(), 0, new RecordingsTest.PlainFailures());
    private final SideStream side = SideStream.of(context);

    private CudaApi noting() {
        return (CudaApi) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {CudaApi.class}, (p, method, args) -> {
                    if (NOTED.contains(method.getName())) {
                        calls.add(method.getName());
                    }
                    return method.invoke(cuda, args);
                });
    }

    @AfterEach
    void close() {
        context.close();
        assertThat(cuda.alive()).isZero();
    }

    @Test
    void oneForkIsJoinedOnce() {
        side.fork();
        assertThat(calls).containsExactly("eventRecord", "streamWaitEvent");
        calls.clear();
        side.join();
        assertThat(calls).containsExactly("eventRecord", "streamWaitEvent");
        calls.clear();
        side.join();
        assertThat(calls).isEmpty();
    }

    @Test
    void whateverWaitsOrReplaysJoinsFirst() {
        side.fork();
        calls.clear();
        context.synchronize();
        assertThat(calls).containsExactly("eventRecord", "streamWaitEvent", "streamSynchronize");

        side.fork();
        calls.clear();
        long host = context.allocate(8);
        context.download(host, host, 8);
        assertThat(calls).startsWith("eventRecord", "streamWaitEvent", "copyAsync");
        context.free(host);

        side.fork();
        calls.clear();
        Graph graph = Graph.capture(context, () -> {});
        assertThat(calls).startsWith("eventRecord", "streamWaitEvent", "captureBegin");

        side.fork();
        calls.clear();
        graph.launch();
        assertThat(calls).containsExactly("eventRecord", "streamWaitEvent", "graphLaunch");
        graph.close();
    }

    @Test
    void aRecordingEndsJoined() {
        Graph.capture(context, side::fork).close();
        assertThat(calls)
                .containsExactly(
                        "captureBegin",
                        "eventRecord",
                        "streamWaitEvent",
                        "eventRecord",
                        "streamWaitEvent",
                        "captureEnd");
    }

    @Test
    void whoHoldsTheSideJoinsByHimself() {
        side.held(() -> {
            side.fork();
            side.settle();
        });
        assertThat(calls).containsExactly("eventRecord", "streamWaitEvent");
        side.settle();
        assertThat(calls).hasSize(4);
    }

    @Test
    void aForkOfARecordingThatWasGivenUpIsForgotten() {
        assertThatThrownBy(() -> Graph.capture(context, () -> {
                    side.fork();
                    throw new IllegalStateException("planned");
                }))
                .hasMessage("planned");
        calls.clear();
        context.synchronize();
        assertThat(calls)
                .as("an event of a dead recording must not be waited for")
                .containsExactly("streamSynchronize");
    }
}
