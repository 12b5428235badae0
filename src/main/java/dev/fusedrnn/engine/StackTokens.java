package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.fused.FusedLayer;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.LayerWeights;
import dev.fusedrnn.internal.fused.RecurrencePass;
import dev.fusedrnn.internal.fused.TokenPolicy;
import dev.fusedrnn.internal.fused.TokenTable;
import dev.fusedrnn.internal.fused.WorkQueue;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/** Tokens in place of the first layer's input, with the memory their table takes once there are any. */
final class StackTokens {
    private final Device device;
    private final FusedLayer first;
    private final WorkQueue main;
    private final WorkQueue side;
    private final Scratch scratch;
    /** Both null while no tokens are taken. */
    private TokenTable table;

    private Tensor memory;

    StackTokens(Device device, FusedLayer first, WorkQueue main, WorkQueue side, Scratch scratch) {
        this.device = device;
        this.first = first;
        this.main = main;
        this.side = side;
        this.scratch = scratch;
    }

    /** Whether these tokens are taken; takes the memory for the first that are. */
    boolean takes(TokenInput tokens) {
        long vocabulary = tokens.vocabularySize((int) first.shape().inputs());
        boolean indicators = tokens.table() == null;
        if (!TokenPolicy.of(CudaContext.of(device)).takes(first.shape(), vocabulary)) {
            return false;
        }
        if (table == null) {
            TokenTable planned = new TokenTable(first, vocabulary, indicators, main, side);
            memory = scratch.take(Scratch.Use.TOKENS, planned.bytes());
            table = planned;
        }
        return table.isOf(vocabulary, indicators);
    }

    /** Queues the table of a call's tokens; {@code weights} are the first layer's, packed. */
    void makeTable(RecurrencePass pass, TokenInput tokens, long weights) {
        table.make(pass, FusedStack.address(tokens.table()), weights, memory.address());
    }

    /** Queues the gate inputs of the time steps of a part, from step {@code first} on. */
    void gateInputs(RecurrencePass pass, TokenInput tokens, long first, LayerShape part) {
        long ids = tokens.ids().address() + Integer.BYTES * first * part.batch();
        table.gateInputs(pass, ids, part.rows(), memory.address());
    }

    /** Queues the gradients of the input weights and of the tokens' table on the side. */
    void gradients(RecurrencePass pass, BackwardCall call, LayerWeights.Flat[] flat, int type, long weights) {
        TokenInput tokens = call.forward().tokens();
        long ids = tokens.ids().address();
        long at = memory.address();
        table.weightGradient(pass, ids, FusedStack.address(tokens.table()), flat, type, call.accumulate(), at);
        TableGradient dTable = call.dTable();
        if (dTable != null) {
            table.tableGradient(dTable.table().address(), dTable.accumulate(), weights, at);
        }
    }
}
