package dev.fusedrnn.kernel;

import static dev.fusedrnn.kernel.CudaTypes.requireElements;
import static dev.fusedrnn.kernel.CudaTypes.requireOn;
import static dev.fusedrnn.kernel.CudaTypes.requireScalar;
import static dev.fusedrnn.kernel.CudaTypes.requireType;
import static dev.fusedrnn.kernel.CudaTypes.type;

import dev.fusedrnn.internal.cuda.NativeKernels;
import dev.fusedrnn.internal.natives.FusedRnn;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/** Steps of optimizers on a CUDA device. */
final class CudaUpdate {
    private CudaUpdate() {}

    /** Checks and queues a step. */
    static void queue(NativeKernels kernels, Device device, OptimizerUpdate update) {
        long count = requireOn(device, "values", update.values()).elements();
        requireElements(device, "gradients", update.gradients(), count);
        requireType("masters", update.masters(), DataType.F32);
        requireElements(device, "masters", update.masters(), count);
        requireScalar(device, "scale", update.scale());
        requireType("hyper", update.hyper(), DataType.F32);
        requireElements(device, "hyper", update.hyper(), 2);
        if (update.average() != null) {
            requireScalar(device, "averageShare", update.averageShare());
        }
        kernels.update(
                rule(update.rule()),
                type(update.values()),
                type(update.gradients()),
                count,
                update.values().address(),
                update.masters().address(),
                update.gradients().address(),
                moment(device, "moment1", update.moment1(), count),
                moment(device, "moment2", update.moment2(), count),
                update.scale().address(),
                update.hyper().address(),
                moment(device, "average", update.average(), count),
                update.average() == null ? 0 : update.averageShare().address());
    }

    private static NativeKernels.Rule rule(OptimizerUpdate.Rule rule) {
        if (rule instanceof OptimizerUpdate.Sgd sgd) {
            return new NativeKernels.Rule(FusedRnn.FRNN_SGD, sgd.momentum(), 0, 0, sgd.weightDecay());
        }
        if (rule instanceof OptimizerUpdate.RmsProp rms) {
            return new NativeKernels.Rule(FusedRnn.FRNN_RMSPROP, 0, rms.alpha(), rms.epsilon(), rms.weightDecay());
        }
        OptimizerUpdate.Adam adam = (OptimizerUpdate.Adam) rule;
        return new NativeKernels.Rule(
                adam.decoupled() ? FusedRnn.FRNN_ADAMW : FusedRnn.FRNN_ADAM,
                adam.beta1(),
                adam.beta2(),
                adam.epsilon(),
                adam.weightDecay());
    }

    private static long moment(Device device, String name, Tensor moment, long count) {
        if (moment == null) {
            return 0;
        }
        requireType(name, moment, DataType.F32);
        requireElements(device, name, moment, count);
        return moment.address();
    }
}
