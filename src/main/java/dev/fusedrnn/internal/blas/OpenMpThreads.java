package dev.fusedrnn.internal.blas;

import dev.fusedrnn.internal.host.HostMemory;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencl.User_func_Pointer;

/**
 * Keeps the OpenMP behind oneDNN to the calling thread. OpenMP counts its threads per calling thread, and neither oneDNN nor
 * its preset offers a way to say how many; so {@code omp_set_num_threads} is looked up in the loaded library and called
 * through a preset's function pointer of type {@code void (*)(void *)}. On the 64-bit calling conventions of x86 and ARM an
 * int travels in the register of a pointer.
 */
final class OpenMpThreads {
    private final Pointer one = new Number(1);
    private final User_func_Pointer set = new User_func_Pointer(new Number(Function.CELL));

    /** Products that the calling thread asks for use that thread alone. */
    void one() {
        set.call(one);
    }

    private static final class Function {
        /** Where the address of the function stands; kept as long as the process lives. */
        static final long CELL = cell();

        private Function() {}

        private static long cell() {
            Loader.load(dnnl.class);
            Pointer function = Loader.addressof("omp_set_num_threads");
            if (function == null || function.isNull()) {
                throw new IllegalStateException("no omp_set_num_threads beside oneDNN");
            }
            long cell = HostMemory.allocate(Long.BYTES);
            HostMemory.put(cell, function.address());
            return cell;
        }
    }

    private static final class Number extends Pointer {
        Number(long value) {
            this.address = value;
        }
    }
}
