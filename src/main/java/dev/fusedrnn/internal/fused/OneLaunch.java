package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.cuda.CudaType;

/**
 * For which shapes a time step is one launch, product included: where it is bound by reading the weights and by launching. Those
 * kernels have no zoneout.
 */
final class OneLaunch {
    /** Samples of one tile of the tensor cores; with more, reading h in every block costs as much as reading the weights. */
    private static final long FEW = 8;

    private OneLaunch() {}

    /** Whether a forward step of a sequence should be one launch. */
    static boolean pays(LayerShape shape) {
        return shape.batch() <= FEW && !shape.zonesOut();
    }

    /** Whether a backward step should be one launch; where the gradient of h takes two products in a row it cannot. */
    static boolean paysBackward(LayerShape shape) {
        return pays(shape) && !shape.resetsBefore() && !shape.projects();
    }

    /** Whether a whole layer can be one launch: a single step without a backward pass, with as many samples as the kernels take. */
    static boolean takesLayer(LayerShape shape) {
        long most = shape.storage() == CudaType.F32 ? FEW : 2 * FEW;
        return shape.steps() == 1
                && !shape.training()
                && !shape.projects()
                && !shape.zonesOut()
                && shape.batch() <= most;
    }
}
