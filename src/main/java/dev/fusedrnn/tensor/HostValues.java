package dev.fusedrnn.tensor;

import dev.fusedrnn.internal.host.HostMemory;

/** Conversion between Java arrays and typed host memory. */
final class HostValues {
    private static final int CHUNK = 1 << 14;

    private HostValues() {}

    static void put(DataType type, long address, float[] values, int offset, int count) {
        if (type == DataType.F32) {
            HostMemory.put(address, values, offset, count);
            return;
        }
        double[] wide = new double[count];
        for (int i = 0; i < count; i++) {
            wide[i] = values[offset + i];
        }
        put(type, address, wide, 0, count);
    }

    static void put(DataType type, long address, double[] values, int offset, int count) {
        switch (type) {
            case F64 -> HostMemory.put(address, values, offset, count);
            case F32 -> {
                float[] narrow = new float[count];
                for (int i = 0; i < count; i++) {
                    narrow[i] = (float) values[offset + i];
                }
                HostMemory.put(address, narrow, 0, count);
            }
            case BF16, F16 -> {
                short[] halves = new short[count];
                for (int i = 0; i < count; i++) {
                    float value = (float) values[offset + i];
                    halves[i] = type == DataType.BF16 ? HalfFloats.floatToBf16(value) : HalfFloats.floatToF16(value);
                }
                HostMemory.put(address, halves, 0, count);
            }
            case I32 -> {
                int[] whole = new int[count];
                for (int i = 0; i < count; i++) {
                    whole[i] = (int) values[offset + i];
                }
                HostMemory.put(address, whole, 0, count);
            }
        }
    }

    static void get(DataType type, long address, float[] values) {
        if (type == DataType.F32) {
            HostMemory.get(address, values, 0, values.length);
            return;
        }
        double[] wide = new double[Math.min(CHUNK, values.length)];
        for (int from = 0; from < values.length; from += CHUNK) {
            int count = Math.min(CHUNK, values.length - from);
            get(type, address + (long) from * type.bytes(), wide, 0, count);
            for (int i = 0; i < count; i++) {
                values[from + i] = (float) wide[i];
            }
        }
    }

    static void get(DataType type, long address, double[] values) {
        for (int from = 0; from < values.length; from += CHUNK) {
            int count = Math.min(CHUNK, values.length - from);
            get(type, address + (long) from * type.bytes(), values, from, count);
        }
    }

    private static void get(DataType type, long address, double[] values, int offset, int count) {
        switch (type) {
            case F64 -> HostMemory.get(address, values, offset, count);
            case F32 -> {
                float[] narrow = new float[count];
                HostMemory.get(address, narrow, 0, count);
                for (int i = 0; i < count; i++) {
                    values[offset + i] = narrow[i];
                }
            }
            case BF16, F16 -> {
                short[] halves = new short[count];
                HostMemory.get(address, halves, 0, count);
                for (int i = 0; i < count; i++) {
                    values[offset + i] = type == DataType.BF16
                            ? HalfFloats.bf16ToFloat(halves[i])
                            : HalfFloats.f16ToFloat(halves[i]);
                }
            }
            case I32 -> {
                int[] whole = new int[count];
                HostMemory.get(address, whole, 0, count);
                for (int i = 0; i < count; i++) {
                    values[offset + i] = whole[i];
                }
            }
        }
    }
}
