package dev.fusedrnn.train;

import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.text.Minibatches;

/** Perplexity of a network on a text, without dropout and without changing the network. */
public final class Evaluator implements AutoCloseable {
    /** Minibatches between two readings of the sum of losses: enough to keep a device busy, few enough for F32 sums. */
    private static final int READ_EVERY = 64;

    private final Minibatches minibatches;
    private final SequencePass pass;
    private final MinibatchRing ring;

    /** Takes the tensors for minibatches of a source. */
    public Evaluator(LanguageNetwork network, Minibatches minibatches) {
        this.minibatches = minibatches;
        this.pass = new SequencePass(network, minibatches.steps(), minibatches.batch(), false, true);
        try {
            this.ring = new MinibatchRing(network.device(), pass.rows(), MinibatchInts.STEP_WORDS);
        } catch (RuntimeException | Error failed) {
            pass.close();
            throw failed;
        }
    }

    /** The perplexity of the source's first epoch. */
    public Perplexity run() {
        Perplexity perplexity = new Perplexity();
        Minibatches.Epoch epoch = minibatches.epoch(0);
        long pending = 0;
        try (MinibatchRing.Run assembled = ring.start(epoch, 0, epoch.size())) {
            for (long i = 0; i < epoch.size(); i++) {
                MinibatchRing.Slot next = assembled.next();
                pending += next.targetCount();
                if (!epoch.continuesState(i)) {
                    pass.resetState();
                }
                pass.load(next.ints(), 0, 0);
                pass.evaluate();
                if ((i + 1) % READ_EVERY == 0 || i + 1 == epoch.size()) {
                    perplexity.add(pass.takeLoss(), pending);
                    pending = 0;
                }
            }
        }
        return perplexity;
    }

    /** Frees all tensors. Closing twice is harmless. */
    @Override
    public void close() {
        ring.close();
        pass.close();
    }
}
