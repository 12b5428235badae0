package dev.fusedrnn.engine.cudnn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.internal.cudnn.CudnnRnn;
import dev.fusedrnn.internal.cudnn.CudnnSlot;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the parameters of some layers lie in our flat array and in cuDNN's weight space, in as few pieces as possible.
 *
 * @param segments the pieces
 * @param identity whether both are one and the same, so that cuDNN can work on our array
 */
record WeightMap(List<Segment> segments, boolean identity) {
    /**
     * A contiguous piece.
     *
     * @param flat index of its first element in our array
     * @param packed index of its first element in the weight space
     */
    record Segment(long flat, long packed, long elements) {}

    /** Answers where cuDNN wants a matrix and a bias; {@link CudnnRnn#slot} but for tests. */
    interface Slots {
        CudnnSlot slot(int layer, int index);
    }

    /**
     * The map of layers {@code first} to {@code first + layers - 1}.
     *
     * @param weightBytes size of cuDNN's weight space
     */
    static WeightMap of(RnnConfig config, int first, int layers, long weightBytes, Slots slots) {
        ParameterLayout layout = ParameterLayout.of(config);
        int bytes = config.dataType().bytes();
        List<Segment> segments = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            for (int direction = 0; direction < config.directions(); direction++) {
                int pseudo = layer * config.directions() + direction;
                addMatrices(config, layout, first + layer, direction, pseudo, bytes, slots, segments);
            }
        }
        List<Segment> merged = merge(segments);
        boolean identity = merged.size() == 1
                && merged.get(0).equals(new Segment(0, 0, layout.elements()))
                && weightBytes == layout.elements() * bytes;
        return new WeightMap(merged, identity);
    }

    private static void addMatrices(
            RnnConfig config,
            ParameterLayout layout,
            int layer,
            int direction,
            int pseudo,
            int bytes,
            Slots slots,
            List<Segment> segments) {
        int gates = config.cell().gates();
        for (int gate = 0; gate < gates; gate++) {
            CudnnSlot input = slots.slot(pseudo, gate);
            CudnnSlot recurrent = slots.slot(pseudo, gates + gate);
            add(
                    segments,
                    layout.entry(Role.W_IH, layer, direction),
                    gate,
                    gates,
                    input.matrix(),
                    input.matrixElements(),
                    bytes);
            add(
                    segments,
                    layout.entry(Role.W_HH, layer, direction),
                    gate,
                    gates,
                    recurrent.matrix(),
                    recurrent.matrixElements(),
                    bytes);
            if (config.bias()) {
                add(
                        segments,
                        layout.entry(Role.B_IH, layer, direction),
                        gate,
                        gates,
                        input.bias(),
                        input.biasElements(),
                        bytes);
                add(
                        segments,
                        layout.entry(Role.B_HH, layer, direction),
                        gate,
                        gates,
                        recurrent.bias(),
                        recurrent.biasElements(),
                        bytes);
            }
        }
        if (config.projSize() > 0) {
            CudnnSlot projection = slots.slot(pseudo, CudnnRnn.PROJECTION);
            add(
                    segments,
                    layout.entry(Role.W_HR, layer, direction),
                    0,
                    1,
                    projection.matrix(),
                    projection.matrixElements(),
                    bytes);
        }
    }

    private static void add(
            List<Segment> segments,
            ParameterLayout.Entry entry,
            int gate,
            int gates,
            long packedByte,
            long packedElements,
            int bytes) {
        long elements = entry.elements() / gates;
        if (packedByte < 0 || packedElements != elements || packedByte % bytes != 0) {
            throw new IllegalStateException("cuDNN places gate " + gate + " of " + entry.name() + " at byte "
                    + packedByte + " with " + packedElements + " elements, expected " + elements + " elements");
        }
        segments.add(new Segment(entry.offset() + gate * elements, packedByte / bytes, elements));
    }

    private static List<Segment> merge(List<Segment> segments) {
        List<Segment> sorted = new ArrayList<>(segments);
        sorted.sort((a, b) -> Long.compare(a.flat(), b.flat()));
        List<Segment> merged = new ArrayList<>();
        for (Segment next : sorted) {
            Segment last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
            if (last != null
                    && last.flat() + last.elements() == next.flat()
                    && last.packed() + last.elements() == next.packed()) {
                merged.set(
                        merged.size() - 1, new Segment(last.flat(), last.packed(), last.elements() + next.elements()));
            } else {
                merged.add(next);
            }
        }
        return List.copyOf(merged);
    }
}
