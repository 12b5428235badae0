#include "harness.h"

namespace frnn::test {

// Written out once more, apart from the library's own map.
static int64_t expectedRow(int32_t rows, int64_t gates, int64_t hidden, int64_t gate, int64_t unit) {
    if (rows == FRNN_ROWS_RESET_BEFORE && gate == 2) return 2 * hidden + unit;
    return unit * (rows == FRNN_ROWS_RESET_BEFORE ? 2 : gates) + gate;
}

static void packCase(
    Case &c, int32_t flatType, int32_t packedType, int32_t rows, int64_t gates, int64_t hidden, int64_t columns, int64_t moreRows, int64_t stride) {
    const int64_t count = gates * hidden * columns, packedRows = gates * hidden + moreRows;
    Buffer &flat = c.input(flatType, c.uniform(count));
    Buffer &packed = c.output(packedType, packedRows * stride);
    FrnnPackRowsParams pack{};
    pack.flatType = flatType;
    pack.packedType = packedType;
    pack.rows = rows;
    pack.gates = gates;
    pack.hidden = hidden;
    pack.columns = columns;
    pack.packedRows = packedRows;
    pack.packedStride = stride;
    pack.flat = flat.address();
    pack.packed = packed.address();
    c.call(frnn_pack_rows, pack);
    std::vector<double> expected(static_cast<size_t>(packedRows * stride), 0);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = i / columns;
        expected[expectedRow(rows, gates, hidden, row / hidden, row % hidden) * stride + i % columns] = roundTo(packedType, flat.host()[i]);
    }
    c.equal("packed", packed.get(), expected);

    FrnnUnpackRowsParams unpack{};
    unpack.packedType = packedType;
    unpack.flatType = flatType;
    unpack.rows = rows;
    unpack.gates = gates;
    unpack.hidden = hidden;
    unpack.columns = columns;
    unpack.packedStride = stride;
    unpack.packed = packed.address();
    unpack.flat = flat.address();
    for (int accumulate = 0; accumulate < 2; ++accumulate) {
        unpack.accumulate = accumulate;
        c.call(frnn_unpack_rows, unpack);
        std::vector<double> back;
        for (double value : flat.host()) back.push_back((1 + accumulate) * roundTo(flatType, roundTo(packedType, value)));
        c.close(accumulate ? "added" : "unpacked", flat, back, 1e-6);
    }
}

static void biasCase(Case &c, int32_t cell, int32_t flatType, int32_t biasType, bool input, bool recurrent) {
    const int64_t hidden = 67, gates = cell == FRNN_LSTM ? 4 : cell >= FRNN_GRU_RESET_AFTER ? 3 : 1;
    const bool apart = cell == FRNN_GRU_RESET_AFTER;
    Buffer &bIh = c.input(flatType, c.uniform(gates * hidden));
    Buffer &bHh = c.input(flatType, c.uniform(gates * hidden));
    const int64_t biasCount = gates * hidden + 5;
    Buffer &bias = c.output(biasType, biasCount);
    Buffer &bHn = c.output(FRNN_F32, hidden);
    FrnnPackBiasParams p{};
    p.cell = cell;
    p.flatType = flatType;
    p.biasType = biasType;
    p.hidden = hidden;
    p.biasCount = biasCount;
    p.bIh = input ? bIh.address() : 0;
    p.bHh = recurrent ? bHh.address() : 0;
    p.bias = bias.address();
    p.bHn = apart ? bHn.address() : 0;
    c.call(frnn_pack_bias, p);
    std::vector<double> expected, expectedN;
    for (int64_t u = 0; u < hidden; ++u) {
        for (int64_t g = 0; g < gates; ++g) {
            const double a = input ? bIh.host()[g * hidden + u] : 0, b = recurrent ? bHh.host()[g * hidden + u] : 0;
            expected.push_back(apart && g == 2 ? a : a + b);
            if (g == 2) expectedN.push_back(b);
        }
    }
    expected.resize(static_cast<size_t>(biasCount), 0);
    c.close("bias", bias, expected);
    if (apart) c.equal("bHn", bHn.get(), expectedN);
}

static void transposeCase(Case &c, int32_t type, int64_t rows, int64_t columns) {
    Buffer &from = c.input(type, c.uniform(rows * columns));
    Buffer &to = c.output(type, rows * columns);
    FrnnTransposeParams p{};
    p.type = type;
    p.rows = rows;
    p.columns = columns;
    p.from = from.address();
    p.to = to.address();
    c.call(frnn_transpose, p);
    std::vector<double> expected;
    for (int64_t i = 0; i < rows * columns; ++i) expected.push_back(from.host()[i % rows * columns + i / rows]);
    c.equal("transposed", to.get(), expected);
}

void addPackTests() {
    for (int32_t type : FLOATING) {
        add(std::string("pack transpose ") + typeName(type), [=](Case &c) {
            transposeCase(c, type, 67, 131);
            transposeCase(c, type, 64, 32);
            transposeCase(c, type, 1, 5);
        });
    }
    for (int32_t flat : FLOATING) {
        for (int32_t packed : FLOATING) {
            const std::string pair = std::string(typeName(flat)) + " " + typeName(packed);
            add("pack lstm " + pair, [=](Case &c) { packCase(c, flat, packed, FRNN_ROWS_INTERLEAVED, 4, 33, 301, 0, 301); });
            add("pack gru " + pair, [=](Case &c) { packCase(c, flat, packed, FRNN_ROWS_INTERLEAVED, 3, 7, 5, 1, 8); });
            add("pack padded pairs " + pair, [=](Case &c) { packCase(c, flat, packed, FRNN_ROWS_INTERLEAVED, 1, 13, 130, 3, 136); });
            add("pack padded fours " + pair, [=](Case &c) { packCase(c, flat, packed, FRNN_ROWS_INTERLEAVED, 4, 9, 1028, 2, 1032); });
            add("pack reset-before gru " + pair, [=](Case &c) { packCase(c, flat, packed, FRNN_ROWS_RESET_BEFORE, 3, 29, 31, 5, 33); });
            for (int32_t cell = FRNN_RNN_TANH; cell <= FRNN_GRU_RESET_BEFORE; ++cell) {
                add("pack bias " + std::to_string(cell) + " " + pair, [=](Case &c) {
                    biasCase(c, cell, flat, packed, true, true);
                    biasCase(c, cell, flat, packed, true, false);
                    biasCase(c, cell, flat, packed, false, true);
                });
            }
        }
    }
    add("pack bias gradient", [](Case &c) { packCase(c, FRNN_F32, FRNN_F32, FRNN_ROWS_INTERLEAVED, 4, 129, 1, 0, 1); });
}

}  // namespace frnn::test
