package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.Tensor;

/** Where the F32 values of a call lie; 0 stands for "not given". Filled anew for each call, so that none is made. */
final class Addresses {
    SequenceLengths lengths;
    long parameters;
    long x;
    long hx;
    long cx;
    long y;
    long hy;
    long cy;
    long reserve;
    long dy;
    long dhy;
    long dcy;
    long dx;
    long dhx;
    long dcx;
    long dParameters;

    /** The tensors of a forward call, which are F32. */
    void take(ForwardCall call) {
        lengths = call.lengths();
        parameters = of(call.parameters());
        x = of(call.x());
        hx = of(call.hx());
        cx = of(call.cx());
        y = of(call.y());
        hy = of(call.hy());
        cy = of(call.cy());
        reserve = of(call.reserve());
    }

    /** The tensors of a backward call, which are F32. */
    void take(BackwardCall call) {
        dy = of(call.dy());
        dhy = of(call.dhy());
        dcy = of(call.dcy());
        dx = of(call.dx());
        dhx = of(call.dhx());
        dcx = of(call.dcx());
        dParameters = of(call.dParameters());
    }

    static long of(Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }
}
