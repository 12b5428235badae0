package dev.fusedrnn.nn;

import ai.onnx.proto.OnnxMl;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Runs one recurrent operator in ONNX Runtime: a model of a single node, all its inputs given from outside. */
final class OnnxRuntime {
    private static final int IR_VERSION = 8;
    private static final int OPERATOR_SET = 14;

    private OnnxRuntime() {}

    /** Outputs of the operator of a problem, {@code direction} being forward, reverse or bidirectional. */
    static OnnxOutputs run(OnnxProblem problem, String direction) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            putInputs(environment, problem, inputs);
            try (OrtSession session = environment.createSession(model(problem, direction, inputs), options)) {
                return new OnnxOutputs(
                        output(session, inputs, "Y"),
                        output(session, inputs, "Y_h"),
                        problem.config().cell().hasCellState() ? output(session, inputs, "Y_c") : null);
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static void putInputs(OrtEnvironment environment, OnnxProblem problem, Map<String, OnnxTensor> inputs)
            throws OrtException {
        RnnConfig config = problem.config();
        long directions = config.directions();
        long inputSize = config.inputSize();
        long hidden = config.hiddenSize();
        long rows = config.cell().gates() * hidden;
        put(environment, inputs, "X", problem.x(), OnnxProblem.T, OnnxProblem.N, inputSize);
        put(environment, inputs, "W", problem.w(), directions, rows, inputSize);
        put(environment, inputs, "R", problem.r(), directions, rows, hidden);
        put(environment, inputs, "B", problem.b(), directions, 2 * rows);
        if (problem.lengths() != null) {
            inputs.put(
                    "sequence_lens",
                    OnnxTensor.createTensor(
                            environment, IntBuffer.wrap(problem.lengths()), new long[] {OnnxProblem.N}));
        }
        put(environment, inputs, "initial_h", problem.hx(), directions, OnnxProblem.N, hidden);
        put(environment, inputs, "initial_c", problem.cx(), directions, OnnxProblem.N, hidden);
    }

    private static void put(
            OrtEnvironment environment, Map<String, OnnxTensor> inputs, String name, float[] values, long... shape)
            throws OrtException {
        if (values != null) {
            inputs.put(name, OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), shape));
        }
    }

    /** One output per run: the binding of a run with three takes more local references than JNI's check lets pass silently. */
    private static float[] output(OrtSession session, Map<String, OnnxTensor> inputs, String name) throws OrtException {
        try (OrtSession.Result result = session.run(inputs, Set.of(name))) {
            FloatBuffer buffer = ((OnnxTensor) result.get(name).orElseThrow()).getFloatBuffer();
            float[] values = new float[buffer.remaining()];
            buffer.get(values);
            return values;
        }
    }

    private static byte[] model(OnnxProblem problem, String direction, Map<String, OnnxTensor> inputs) {
        boolean cellState = problem.config().cell().hasCellState();
        List<String> outputs = cellState ? List.of("Y", "Y_h", "Y_c") : List.of("Y", "Y_h");
        OnnxMl.GraphProto.Builder graph = OnnxMl.GraphProto.newBuilder().setName("operator");
        OnnxMl.NodeProto.Builder node = node(problem.config(), direction).addAllOutput(outputs);
        for (String name : List.of("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c")) {
            boolean given = inputs.containsKey(name);
            if (!name.equals("initial_c") || cellState) {
                node.addInput(given ? name : "");
            }
            if (given) {
                graph.addInput(value(name, inputs.get(name)));
            }
        }
        for (String name : outputs) {
            graph.addOutput(value(name, null));
        }
        return OnnxMl.ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .addOpsetImport(OnnxMl.OperatorSetIdProto.newBuilder().setVersion(OPERATOR_SET))
                .setGraph(graph.addNode(node))
                .build()
                .toByteArray();
    }

    private static OnnxMl.NodeProto.Builder node(RnnConfig config, String direction) {
        OnnxMl.NodeProto.Builder node = OnnxMl.NodeProto.newBuilder()
                .addAttribute(attribute("hidden_size", config.hiddenSize()))
                .addAttribute(OnnxMl.AttributeProto.newBuilder()
                        .setName("direction")
                        .setType(OnnxMl.AttributeProto.AttributeType.STRING)
                        .setS(ByteString.copyFromUtf8(direction)));
        return switch (config.cell()) {
            case RNN_TANH -> node.setOpType("RNN").addAttribute(activations("Tanh", config.directions()));
            case RNN_RELU -> node.setOpType("RNN").addAttribute(activations("Relu", config.directions()));
            case LSTM -> node.setOpType("LSTM");
            case GRU ->
                node.setOpType("GRU")
                        .addAttribute(attribute(
                                "linear_before_reset", config.gruVariant() == GruVariant.RESET_AFTER ? 1 : 0));
        };
    }

    private static OnnxMl.AttributeProto.Builder attribute(String name, long value) {
        return OnnxMl.AttributeProto.newBuilder()
                .setName(name)
                .setType(OnnxMl.AttributeProto.AttributeType.INT)
                .setI(value);
    }

    private static OnnxMl.AttributeProto.Builder activations(String name, int directions) {
        OnnxMl.AttributeProto.Builder attribute = OnnxMl.AttributeProto.newBuilder()
                .setName("activations")
                .setType(OnnxMl.AttributeProto.AttributeType.STRINGS);
        for (int direction = 0; direction < directions; direction++) {
            attribute.addStrings(ByteString.copyFromUtf8(name));
        }
        return attribute;
    }

    /** A named input of the graph with its shape, or an output whose shape ONNX Runtime finds by itself. */
    private static OnnxMl.ValueInfoProto.Builder value(String name, OnnxTensor given) {
        boolean integers = name.equals("sequence_lens");
        OnnxMl.TypeProto.Tensor.Builder tensor = OnnxMl.TypeProto.Tensor.newBuilder()
                .setElemType(
                        (integers ? OnnxMl.TensorProto.DataType.INT32 : OnnxMl.TensorProto.DataType.FLOAT).getNumber());
        if (given != null) {
            OnnxMl.TensorShapeProto.Builder shape = OnnxMl.TensorShapeProto.newBuilder();
            for (long extent : given.getInfo().getShape()) {
                shape.addDim(OnnxMl.TensorShapeProto.Dimension.newBuilder().setDimValue(extent));
            }
            tensor.setShape(shape);
        }
        return OnnxMl.ValueInfoProto.newBuilder()
                .setName(name)
                .setType(OnnxMl.TypeProto.newBuilder().setTensorType(tensor));
    }
}
