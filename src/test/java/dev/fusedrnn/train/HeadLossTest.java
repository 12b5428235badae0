package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.tensor.Device;
import org.junit.jupiter.api.Test;

class HeadLossTest {
    /** Behind a minibatch of more rows than there are addresses come others that fit. */
    @Test
    void smallerMinibatchesGoOnAfterOneThatGotNoMemory() {
        SequenceNetworkConfig config = SequenceNetworkConfig.of(0, RnnConfig.of(CellType.GRU, 2, 3), Pooling.FINAL, 4);
        try (Device device = Device.cpu();
                SequenceNetwork network = ClassificationTaskTest.network(config, device);
                HeadLoss loss = new HeadLoss(network)) {
            loss.loss(5, false);
            assertThatThrownBy(() -> loss.loss(1L << 50, false)).isInstanceOf(OutOfMemoryError.class);
            assertThat(loss.loss(5, false).losses().toFloats()).hasSize(5);
        }
    }
}
