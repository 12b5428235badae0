package dev.fusedrnn.tensor;

import java.util.List;

/** What a GPU can answer instead of a result. The caller's own mistakes are {@link IllegalArgumentException}s. */
public abstract sealed class GpuException extends RuntimeException {
    GpuException(String message, Throwable cause) {
        super(message, cause);
    }

    /** No GPU can be used here; the reasons say why. */
    public static final class Unavailable extends GpuException {
        private final transient List<String> reasons;

        Unavailable(String wanted, List<String> reasons) {
            super(wanted + " is not available: " + String.join("; ", reasons), null);
            this.reasons = List.copyOf(reasons);
        }

        /** One sentence per missing piece. */
        public List<String> reasons() {
            return reasons;
        }
    }

    /** The device has too little free memory. Everything allocated before stays usable. */
    public static final class OutOfMemory extends GpuException {
        private final long wanted;
        private final long free;

        OutOfMemory(String call, long wanted, long free) {
            super(
                    call + ": out of device memory, wanted "
                            + (wanted > 0 ? wanted + " bytes" : "an amount the library does not tell") + ", free "
                            + free + " bytes",
                    null);
            this.wanted = wanted;
            this.free = free;
        }

        /** Bytes asked for; 0 if a CUDA library asked for them and does not tell how many. */
        public long wanted() {
            return wanted;
        }

        /** Bytes the device had free. */
        public long free() {
            return free;
        }
    }

    /**
     * The process has lost the device: a kernel broke its context. Every later call on any CUDA device of this process fails
     * the same way; only a new process helps.
     */
    public static final class DeviceLost extends GpuException {
        DeviceLost(String call, String status, Throwable first) {
            super(call + ": device lost, " + status, first);
        }
    }

    /** Legal, but not on this device or with these libraries. Nothing was queued. */
    public static final class Unsupported extends GpuException {
        Unsupported(String reason) {
            super(reason, null);
        }
    }

    /** A call to a CUDA library failed in a way that should not happen. The device stays usable. */
    public static final class Internal extends GpuException {
        private final String call;
        private final String status;

        Internal(String call, String status) {
            super(call + " failed: " + status, null);
            this.call = call;
            this.status = status;
        }

        /** The function that failed. */
        public String call() {
            return call;
        }

        /** What it answered. */
        public String status() {
            return status;
        }
    }
}
