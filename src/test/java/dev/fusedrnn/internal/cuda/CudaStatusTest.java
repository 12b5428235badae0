package dev.fusedrnn.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our numbers against the presets' constants, which the compiler puts into this class: nothing native is loaded. */
class CudaStatusTest {
    @ParameterizedTest
    @ValueSource(
            ints = {
                cudart.cudaErrorIllegalAddress,
                cudart.cudaErrorLaunchFailure,
                cudart.cudaErrorLaunchTimeout,
                cudart.cudaErrorAssert,
                cudart.cudaErrorMisalignedAddress,
                cudart.cudaErrorIllegalInstruction,
                cudart.cudaErrorInvalidPc,
                cudart.cudaErrorInvalidAddressSpace,
                cudart.cudaErrorHardwareStackError,
                cudart.cudaErrorECCUncorrectable,
                cudart.cudaErrorNvlinkUncorrectable,
                cudart.cudaErrorContextIsDestroyed,
                cudart.cudaErrorCudartUnloading,
                cudart.cudaErrorUnknown
            })
    void errorsOfExecutionStay(int error) {
        assertThat(CudaStatus.of(error)).isEqualTo(CudaStatus.LOST);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                cudart.cudaErrorInvalidValue,
                cudart.cudaErrorInvalidConfiguration,
                cudart.cudaErrorLaunchOutOfResources,
                cudart.cudaErrorCooperativeLaunchTooLarge,
                cudart.cudaErrorGraphExecUpdateFailure,
                cudart.cudaErrorStreamCaptureInvalidated,
                cudart.cudaErrorNotSupported
            })
    void errorsOfOneCallPass(int error) {
        assertThat(CudaStatus.of(error)).isEqualTo(CudaStatus.FAILED);
    }

    @Test
    void memoryIsAClassOfItsOwn() {
        assertThat(CudaStatus.of(cudart.cudaErrorMemoryAllocation)).isEqualTo(CudaStatus.MEMORY);
        assertThat(CudaStatus.of(cudart.cudaSuccess)).isEqualTo(CudaStatus.OK);
    }

    @Test
    void copyKindsAreThoseOfCuda() {
        assertThat(CudaApi.COPY_TO_DEVICE).isEqualTo(cudart.cudaMemcpyHostToDevice);
        assertThat(CudaApi.COPY_TO_HOST).isEqualTo(cudart.cudaMemcpyDeviceToHost);
        assertThat(CudaApi.COPY_ON_DEVICE).isEqualTo(cudart.cudaMemcpyDeviceToDevice);
    }

    @Test
    void typesAreThoseOfCudaAndCudnn() {
        assertThat(CudaType.F32.cuda()).isEqualTo(cudart.CUDA_R_32F);
        assertThat(CudaType.BF16.cuda()).isEqualTo(cudart.CUDA_R_16BF);
        assertThat(CudaType.F16.cuda()).isEqualTo(cudart.CUDA_R_16F);
        assertThat(CudaType.F32.cudnn()).isEqualTo(cudnn.CUDNN_DATA_FLOAT);
        assertThat(CudaType.BF16.cudnn()).isEqualTo(cudnn.CUDNN_DATA_BFLOAT16);
        assertThat(CudaType.F16.cudnn()).isEqualTo(cudnn.CUDNN_DATA_HALF);
    }
}
