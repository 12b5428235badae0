package dev.fusedrnn.engine;

import dev.fusedrnn.internal.fused.LayerWeights;
import dev.fusedrnn.tensor.Tensor;

/** Device addresses of a layer's parameters, or of their gradients, in a flat arena. */
final class FlatParameters {
    private final RnnConfig config;
    private final ParameterLayout layout;

    FlatParameters(RnnConfig config) {
        this.config = config;
        this.layout = ParameterLayout.of(config);
    }

    /** The layer's addresses, one entry per direction. */
    LayerWeights.Flat[] of(Tensor arena, int layer) {
        LayerWeights.Flat[] result = new LayerWeights.Flat[config.directions()];
        for (int d = 0; d < result.length; d++) {
            result[d] = new LayerWeights.Flat(
                    address(arena, ParameterLayout.Role.W_IH, layer, d),
                    address(arena, ParameterLayout.Role.W_HH, layer, d),
                    config.projSize() > 0 ? address(arena, ParameterLayout.Role.W_HR, layer, d) : 0,
                    config.bias() ? address(arena, ParameterLayout.Role.B_IH, layer, d) : 0,
                    config.bias() ? address(arena, ParameterLayout.Role.B_HH, layer, d) : 0);
        }
        return result;
    }

    private long address(Tensor arena, ParameterLayout.Role role, int layer, int direction) {
        return arena.address(layout.entry(role, layer, direction).offset());
    }
}
