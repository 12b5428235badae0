package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Shape;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All parameters of a network: one flat array per role, with a named view of each parameter in it. So an optimizer, a norm
 * or a copy runs over all of them in one call.
 *
 * <p>Roles: the value in the compute type, the gradient, an F32 master copy where the compute type has 16 bits, and the
 * optimizer's moments (F32). Roles other than the value take memory from their first use on. Gradients of 16-bit
 * parameters are F32. Names are those of PyTorch's {@code state_dict}. Between the {@linkplain Builder#section sections}
 * lie padding elements, zero in every role, so that each section starts on a multiple of {@value #ALIGNMENT} elements.
 *
 * <p>Confined to one thread at a time, like its device.
 */
public final class Parameters implements AutoCloseable {
    /** Elements to a multiple of which a section starts: 128 bytes even in 16 bits, the widest load of any kernel. */
    public static final int ALIGNMENT = 64;

    /** Values of one parameter travel in one Java array. */
    private static final int MOST_VALUES = Integer.MAX_VALUE - 8;

    /**
     * One parameter.
     *
     * @param name PyTorch's name
     * @param offset index of its first element in the flat array
     * @param shape its extents
     */
    public record Entry(String name, long offset, Shape shape) {
        /** Number of elements. */
        public long elements() {
            return shape.elements();
        }
    }

    private final Device device;
    private final DataType dataType;
    private final Map<String, Entry> entries;
    private final Map<String, Entry> sections;
    private final long elements;
    private final Tensor values;
    private final Tensor masters;
    private final Tensor[] moments = new Tensor[2];
    private Tensor gradients;
    private long version;
    private boolean closed;

    private Parameters(Builder plan, Device device, DataType dataType) {
        this.device = device;
        this.dataType = dataType;
        this.entries = Collections.unmodifiableMap(new LinkedHashMap<>(plan.entries));
        this.sections = new LinkedHashMap<>(plan.sections);
        this.elements = plan.elements;
        this.values = device.zeros(dataType, elements);
        this.masters = takeMasters();
    }

    private Tensor takeMasters() {
        try {
            return dataType.isHalf() ? device.zeros(DataType.F32, elements) : values;
        } catch (RuntimeException | Error noMemory) {
            values.close();
            throw noMemory;
        }
    }

    /** Starts a plan of parameters. */
    public static Builder builder() {
        return new Builder();
    }

    /** Where they lie. */
    public Device device() {
        return device;
    }

    /** The compute type. */
    public DataType dataType() {
        return dataType;
    }

    /** Length of the flat arrays, padding included. */
    public long elements() {
        return elements;
    }

    /** Number of parameters in the usual sense: all elements without the padding. */
    public long count() {
        return entries.values().stream().mapToLong(Entry::elements).sum();
    }

    /** All parameters in the order they lie. */
    public Collection<Entry> entries() {
        return entries.values();
    }

    /** Whether there is a parameter of that name. */
    public boolean contains(String name) {
        return entries.containsKey(name);
    }

    /**
     * The parameter of a name.
     *
     * @throws IllegalArgumentException naming those there are
     */
    public Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("there is no parameter " + name + "; there are " + entries.keySet());
        }
        return entry;
    }

    /** The flat array of values. Who writes to it calls {@link #changed()}. */
    public Tensor values() {
        requireOpen();
        return values;
    }

    /** The flat array of gradients, zeros at first: F32 for 16-bit values, else of the values' type. */
    public Tensor gradients() {
        requireOpen();
        if (gradients == null) {
            gradients = device.zeros(dataType.isHalf() ? DataType.F32 : dataType, elements);
        }
        return gradients;
    }

    /** The flat array the optimizer works on: the values themselves unless they have 16 bits. */
    public Tensor masters() {
        requireOpen();
        return masters;
    }

    /** One of the optimizer's two flat F32 arrays, zeros at first. */
    public Tensor moment(int index) {
        requireOpen();
        if (moments[index] == null) {
            moments[index] = device.zeros(DataType.F32, elements);
        }
        return moments[index];
    }

    /** View of one parameter's values. Who writes to it calls {@link #changed()}. */
    public Tensor value(String name) {
        return view(values(), entry(name));
    }

    /** View of one parameter's gradient. */
    public Tensor gradient(String name) {
        return view(gradients(), entry(name));
    }

    /** Flat view of a section's values. */
    public Tensor sectionValues(String section) {
        return flatView(values(), section);
    }

    /** Flat view of a section's gradients. */
    public Tensor sectionGradients(String section) {
        return flatView(gradients(), section);
    }

    /** Sets one parameter, master copy included. */
    public void set(String name, float[] newValues) {
        Entry entry = entry(name);
        view(values(), entry).copyFrom(newValues);
        if (masters != values) {
            view(masters, entry).copyFrom(newValues);
        }
        changed();
    }

    /** Sets one parameter, master copy included. */
    public void set(String name, double[] newValues) {
        Entry entry = entry(name);
        view(values(), entry).copyFrom(newValues);
        if (masters != values) {
            view(masters, entry).copyFrom(newValues);
        }
        changed();
    }

    /** One parameter in the precision in which it is kept. */
    public float[] get(String name) {
        requireOpen();
        return view(masters, entry(name)).toFloats();
    }

    /** Grows with every change of the values; tells a backward pass that they are not those of its forward pass. */
    public long version() {
        return version;
    }

    /** Says that the values have been changed. */
    public void changed() {
        version++;
    }

    /** Frees all roles. Closing twice is harmless. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        values.close();
        masters.close();
        if (gradients != null) {
            gradients.close();
        }
        for (Tensor moment : moments) {
            if (moment != null) {
                moment.close();
            }
        }
    }

    private static Tensor view(Tensor role, Entry entry) {
        long[] extents = new long[entry.shape().rank()];
        for (int axis = 0; axis < extents.length; axis++) {
            extents[axis] = entry.shape().extent(axis);
        }
        return role.view(entry.offset(), extents);
    }

    private Tensor flatView(Tensor role, String section) {
        Entry entry = sections.get(section);
        if (entry == null) {
            throw new IllegalArgumentException(
                    "there is no section '" + section + "' of parameters; there are " + sections.keySet());
        }
        return role.view(entry.offset(), entry.elements());
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("parameters are closed");
        }
    }

    /** The plan of a network's parameters. */
    public static final class Builder {
        private final Map<String, Entry> entries = new LinkedHashMap<>();
        private final Map<String, Entry> sections = new LinkedHashMap<>();
        private long elements;

        private Builder() {}

        /** Adds one parameter as a section of its own. */
        public Builder add(String name, long... extents) {
            long start = align();
            Entry entry = put(name, Shape.of(extents));
            sections.put(name, new Entry(name, start, entry.shape()));
            return this;
        }

        /**
         * Adds the parameters of a recurrent stack as one section without gaps.
         *
         * @param section its name; a dot and the parameter's name follow it unless it is empty
         */
        public Builder section(String section, ParameterLayout layout) {
            long start = align();
            for (ParameterLayout.Entry entry : layout.entries()) {
                Shape shape = entry.matrix() ? Shape.of(entry.rows(), entry.columns()) : Shape.of(entry.rows());
                put(section.isEmpty() ? entry.name() : section + "." + entry.name(), shape);
            }
            sections.put(section, new Entry(section, start, Shape.of(layout.elements())));
            return this;
        }

        /**
         * Takes the memory, zeros at first.
         *
         * @throws IllegalArgumentException if a parameter has more values than a Java array can hold
         */
        public Parameters build(Device device, DataType dataType) {
            for (Entry entry : entries.values()) {
                if (entry.elements() > MOST_VALUES) {
                    throw new IllegalArgumentException("parameter " + entry.name() + " of shape " + entry.shape()
                            + " must have at most " + MOST_VALUES + " values, found " + entry.elements());
                }
            }
            align();
            return new Parameters(this, device, dataType);
        }

        /** The parameters planned so far. */
        public List<Entry> entries() {
            return new ArrayList<>(entries.values());
        }

        private Entry put(String name, Shape shape) {
            Entry entry = new Entry(name, elements, shape);
            if (entries.put(name, entry) != null) {
                throw new IllegalArgumentException("parameter " + name + " exists already");
            }
            elements = Math.addExact(elements, shape.elements());
            return entry;
        }

        private long align() {
            elements = Math.multiplyExact(Math.addExact(elements, ALIGNMENT - 1) / ALIGNMENT, ALIGNMENT);
            return elements;
        }
    }
}
