package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.internal.host.HostMemory;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** F32 copies of the tensors of calls in a 16-bit type. */
final class HalfCalls implements AutoCloseable {
    private final Extents extents;
    private final Kernels kernels;
    private final List<Tensor> owned = new ArrayList<>();
    private final Tensor parameters;
    private final Tensor x;
    private final Tensor y;
    private final Tensor hx;
    private final Tensor cx;
    private final Tensor hy;
    private final Tensor cy;
    private final Tensor dParameters;

    HalfCalls(Extents extents, Device device, boolean training) {
        this.extents = extents;
        this.kernels = Kernels.of(device);
        long rows = extents.rows();
        this.parameters = make(device, extents.layout().elements());
        this.x = make(device, rows * extents.config().inputSize());
        this.y = make(device, extents.outputFloats());
        this.hx = make(device, extents.stateFloats(extents.output()));
        this.hy = make(device, extents.stateFloats(extents.output()));
        this.cx = make(device, extents.lstm() ? extents.stateFloats(extents.hidden()) : 0);
        this.cy = make(device, extents.lstm() ? extents.stateFloats(extents.hidden()) : 0);
        this.dParameters = make(device, training ? extents.layout().elements() : 0);
    }

    private Tensor make(Device device, long elements) {
        Tensor tensor = device.allocate(DataType.F32, elements);
        owned.add(tensor);
        return tensor;
    }

    long bytes() {
        return owned.stream().mapToLong(Tensor::byteSize).sum();
    }

    /** Widens what a forward pass reads. */
    void before(ForwardCall call, Addresses a) {
        inputs(call, a);
        a.y = y.address();
        a.hy = call.hy() == null ? 0 : hy.address();
        a.cy = call.cy() == null ? 0 : cy.address();
    }

    /** Rounds what a forward pass has written, and keeps y as it was for the backward pass. */
    void after(ForwardCall call, Addresses a) {
        if (a.reserve != 0) {
            HostMemory.copy(a.y, keptOutput(a), y.byteSize());
        }
        kernels.convert(y, call.y());
        narrow(hy, call.hy());
        narrow(cy, call.cy());
    }

    /** Widens what a backward pass reads. Gradients take the place of what they are the gradients of. */
    void before(BackwardCall call, Addresses a) {
        inputs(call.forward(), a);
        a.y = keptOutput(a);
        a.dy = widen(call.dy(), y);
        a.dhy = widen(call.dhy(), hy);
        a.dcy = widen(call.dcy(), cy);
        a.dx = call.dx() == null ? 0 : x.address();
        a.dhx = call.dhx() == null ? 0 : hy.address();
        a.dcx = call.dcx() == null ? 0 : cy.address();
        a.dParameters = call.dParameters() == null ? 0 : gradients(call).address();
        if (call.accumulate() && a.dParameters == dParameters.address()) {
            kernels.convert(call.dParameters(), dParameters);
        }
    }

    /** Rounds what a backward pass has written. */
    void after(BackwardCall call) {
        narrow(x, call.dx());
        narrow(hy, call.dhx());
        narrow(cy, call.dcx());
        if (call.dParameters() != null && gradients(call) == dParameters) {
            kernels.convert(dParameters, call.dParameters());
        }
    }

    private void inputs(ForwardCall call, Addresses a) {
        a.lengths = call.lengths();
        a.parameters = widen(call.parameters(), parameters);
        a.x = widen(call.x(), x);
        a.hx = widen(call.hx(), hx);
        a.cx = widen(call.cx(), cx);
        a.reserve = Addresses.of(call.reserve());
    }

    private long keptOutput(Addresses a) {
        return a.reserve + Float.BYTES * extents.outputAt(extents.layers() - 1);
    }

    private Tensor gradients(BackwardCall call) {
        return call.dParameters().dataType() == DataType.F32 ? call.dParameters() : dParameters;
    }

    private long widen(Tensor from, Tensor to) {
        if (from == null) {
            return 0;
        }
        kernels.convert(from, to);
        return to.address();
    }

    private void narrow(Tensor from, Tensor to) {
        if (to != null) {
            kernels.convert(from, to);
        }
    }

    @Override
    public void close() {
        owned.forEach(Tensor::close);
        kernels.close();
    }
}
