package dev.fusedrnn.internal.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.CudnnAlgorithm;
import org.bytedeco.cuda.global.cudnn;
import org.junit.jupiter.api.Test;

/** Our numbers against cuDNN's constants, which the compiler puts into this class: nothing native is loaded. */
class CudnnConstantsTest {
    @Test
    void cellsAreThoseOfCudnn() {
        assertThat(CudnnSpec.RELU).isEqualTo(cudnn.CUDNN_RNN_RELU);
        assertThat(CudnnSpec.TANH).isEqualTo(cudnn.CUDNN_RNN_TANH);
        assertThat(CudnnSpec.LSTM).isEqualTo(cudnn.CUDNN_LSTM);
        assertThat(CudnnSpec.GRU).isEqualTo(cudnn.CUDNN_GRU);
    }

    @Test
    void algorithmsAreThoseOfCudnnAndNoneIsMissing() {
        assertThat(CudnnAlgorithm.STANDARD.id()).isEqualTo(cudnn.CUDNN_RNN_ALGO_STANDARD);
        assertThat(CudnnAlgorithm.PERSIST_STATIC.id()).isEqualTo(cudnn.CUDNN_RNN_ALGO_PERSIST_STATIC);
        assertThat(CudnnAlgorithm.PERSIST_DYNAMIC.id()).isEqualTo(cudnn.CUDNN_RNN_ALGO_PERSIST_DYNAMIC);
        assertThat(CudnnAlgorithm.PERSIST_STATIC_SMALL_H.id()).isEqualTo(cudnn.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H);
        assertThat(CudnnAlgorithm.values()).hasSize(cudnn.CUDNN_RNN_ALGO_COUNT);
    }

    @Test
    void statusesFallIntoTheirClass() {
        assertThat(CudnnHandle.isUnsupported(cudnn.CUDNN_STATUS_NOT_SUPPORTED)).isTrue();
        assertThat(CudnnHandle.isUnsupported(cudnn.CUDNN_STATUS_NOT_SUPPORTED_SHARED_MEMORY_INSUFFICIENT))
                .isTrue();
        assertThat(CudnnHandle.isUnsupported(cudnn.CUDNN_STATUS_BAD_PARAM)).isFalse();
        assertThat(CudnnHandle.isUnsupported(cudnn.CUDNN_STATUS_EXECUTION_FAILED))
                .isFalse();
        assertThat(CudnnHandle.isMemory(cudnn.CUDNN_STATUS_ALLOC_FAILED)).isTrue();
        assertThat(CudnnHandle.isMemory(cudnn.CUDNN_STATUS_INTERNAL_ERROR)).isFalse();
    }

    @Test
    void anotherMajorVersionIsNamedWithBoth() {
        assertThat(CudnnLibrary.versionReason(91900, 13000)).isEmpty();
        assertThat(CudnnLibrary.versionReason(cudnn.CUDNN_VERSION, 13010)).isEmpty();
        assertThat(CudnnLibrary.versionReason(80907, 12020)).contains("8.9.7").contains("needs 9");
        assertThat(CudnnLibrary.versionReason(100100, 13000)).contains("10.1.0").contains("needs 9");
        assertThat(CudnnLibrary.versionReason(91002, 12090))
                .contains("9.10.2")
                .contains("CUDA 12")
                .contains("needs 13");
    }
}
