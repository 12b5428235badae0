package dev.fusedrnn.tensor;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
import dev.fusedrnn.internal.natives.FrnnMessage;
import dev.fusedrnn.internal.natives.FusedRnn;
import dev.fusedrnn.kernel.Kernels;
import java.util.LinkedHashMap;
import java.util.Map;

/** Breaks the CUDA context of its own process, then calls everything. Run by {@link CudaDeviceTest} in a process apart. */
public final class LostDeviceProgram {
    static final String DONE = "every call said that the device is lost";

    private LostDeviceProgram() {}

    /** Exits with 1 at the first call that behaves otherwise. */
    public static void main(String[] arguments) {
        CudaDevice device = CudaDevice.open(0);
        Kernels kernels = Kernels.of(device);
        Tensor tensor = device.of(DataType.F32, new float[16], 4, 4);
        CudaContext context = device.context();
        Graph graph = Graph.capture(context, tensor::clear);
        if (FusedRnn.frnn_wild_write(context.stream(), (FrnnMessage) null) != FusedRnn.FRNN_OK) {
            fail("the wild write could not be queued");
        }
        GpuException.DeviceLost first = expectLost("synchronize", device::synchronize);
        Map<String, Runnable> calls = new LinkedHashMap<>();
        calls.put("read", tensor::toFloats);
        calls.put("write", () -> tensor.copyFrom(new float[16]));
        calls.put("clear", tensor::clear);
        calls.put("allocate", () -> device.allocate(DataType.F32, 1));
        calls.put("fill", () -> kernels.fill(tensor, 1));
        calls.put("gemm", () -> kernels.gemm(false, false, 4, 4, 4, 1, tensor, 4, tensor, 4, 0, tensor, 4, null));
        calls.put("launch", graph::launch);
        calls.put("capture", () -> Graph.capture(context, tensor::clear));
        calls.put("synchronize again", device::synchronize);
        calls.forEach((name, call) -> {
            if (expectLost(name, call).getCause() != first) {
                fail(name + " does not name the first failure");
            }
        });
        expectLost("a second device", () -> Device.cuda(0).synchronize());
        graph.close();
        tensor.close();
        kernels.close();
        device.close();
        System.out.println(DONE);
    }

    private static GpuException.DeviceLost expectLost(String name, Runnable call) {
        try {
            call.run();
        } catch (GpuException.DeviceLost lost) {
            System.out.println(name + ": " + lost.getMessage());
            return lost;
        } catch (RuntimeException other) {
            fail(name + " threw " + other);
        }
        fail(name + " went through");
        throw new IllegalStateException("unreachable");
    }

    private static void fail(String what) {
        System.out.println(what);
        System.exit(1);
    }
}
