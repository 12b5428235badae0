#include "harness.h"

namespace frnn::test {

// Written out once more, apart from the library's own map.
static int64_t expectedRow(int32_t rows, int64_t gates, int64_t hidden, int64_t gate, int64_t unit) {
    if (rows == FRNN_ROWS_RESET_BEFORE && gate == 2) return 2 * hidden + unit;
    return unit * (rows == FRNN_ROWS_RESET_BEFORE ? 2 : gates) + gate;
}

// Sizes of a matrix, and of what is packed beyond them.
struct Matrix {
    int32_t rows;
    int64_t gates;
    int64_t hidden;
    int64_t columns;
    int64_t moreRows;
    int64_t stride;

    int64_t flatCount() const { return gates * hidden * columns; }
    int64_t packedRows() const { return gates * hidden + moreRows; }
    int64_t at(int64_t flat) const {
        const int64_t row = flat / columns;
        return expectedRow(rows, gates, hidden, row / hidden, row % hidden) * stride + flat % columns;
    }
    template <typename Job>
    void describe(Job &job) const {
        job.rows = rows;
        job.gates = gates;
        job.hidden = hidden;
        job.columns = columns;
        job.packedStride = stride;
    }
};

// Packs all matrices in one launch and unpacks them in another; every second one to two tensors.
static void packCase(Case &c, int32_t flatType, int32_t packedType, const std::vector<Matrix> &matrices) {
    FrnnPackParams pack{};
    pack.flatType = flatType;
    pack.packedType = packedType;
    FrnnUnpackParams unpack{};
    unpack.flatType = flatType;
    unpack.packedType = packedType;
    std::vector<Buffer *> flats, seconds, packeds;
    for (const Matrix &matrix : matrices) {
        FrnnPackJob &job = pack.jobs[pack.count++];
        FrnnUnpackJob &back = unpack.jobs[unpack.count++];
        matrix.describe(job);
        matrix.describe(back);
        flats.push_back(&c.input(flatType, c.uniform(matrix.flatCount())));
        seconds.push_back(unpack.count % 2 == 0 ? &c.input(flatType, flats.back()->host()) : nullptr);
        packeds.push_back(&c.output(packedType, matrix.packedRows() * matrix.stride));
        job.packedRows = matrix.packedRows();
        job.flat = back.flat = flats.back()->address();
        job.packed = back.packed = packeds.back()->address();
        back.second = seconds.back() == nullptr ? 0 : seconds.back()->address();
    }
    c.call(frnn_pack, pack);
    for (size_t m = 0; m < matrices.size(); ++m) {
        std::vector<double> expected(static_cast<size_t>(packeds[m]->count()), 0);
        for (int64_t i = 0; i < matrices[m].flatCount(); ++i) expected[matrices[m].at(i)] = roundTo(packedType, flats[m]->host()[i]);
        c.equal("packed", packeds[m]->get(), expected);
    }
    for (int accumulate = 0; accumulate < 2; ++accumulate) {
        unpack.accumulate = accumulate;
        c.call(frnn_unpack, unpack);
        for (size_t m = 0; m < matrices.size(); ++m) {
            std::vector<double> back;
            for (double value : flats[m]->host()) back.push_back((1 + accumulate) * roundTo(flatType, roundTo(packedType, value)));
            c.close(accumulate ? "added" : "unpacked", *flats[m], back, 1e-6);
            if (seconds[m] != nullptr) c.equal("second", seconds[m]->get(), flats[m]->get());
        }
    }
}

// A bias beside a matrix: sums of two tensors or of one, with the last gate's part of the second apart or not.
static void biasCase(Case &c, int64_t gates, int32_t flatType, int32_t packedType, bool input, bool recurrent, bool apart) {
    const Matrix bias{FRNN_ROWS_INTERLEAVED, gates, 67, 1, 5, 1};
    const Matrix weights{FRNN_ROWS_INTERLEAVED, gates, 67, 12, 0, 16};
    Buffer &bIh = c.input(flatType, c.uniform(bias.flatCount()));
    Buffer &bHh = c.input(flatType, c.uniform(bias.flatCount()));
    Buffer &w = c.input(flatType, c.uniform(weights.flatCount()));
    Buffer &packed = c.output(packedType, bias.packedRows());
    Buffer &packedW = c.output(packedType, weights.packedRows() * weights.stride);
    Buffer &bHn = c.output(FRNN_F32, bias.hidden);
    FrnnPackParams p{};
    p.flatType = flatType;
    p.packedType = packedType;
    p.count = 2;
    bias.describe(p.jobs[0]);
    p.jobs[0].packedRows = bias.packedRows();
    p.jobs[0].flat = input ? bIh.address() : 0;
    p.jobs[0].added = recurrent ? bHh.address() : 0;
    p.jobs[0].apart = apart ? bHn.address() : 0;
    p.jobs[0].packed = packed.address();
    weights.describe(p.jobs[1]);
    p.jobs[1].packedRows = weights.packedRows();
    p.jobs[1].flat = w.address();
    p.jobs[1].packed = packedW.address();
    c.call(frnn_pack, p);
    std::vector<double> expected(static_cast<size_t>(bias.packedRows()), 0), expectedN;
    for (int64_t i = 0; i < bias.flatCount(); ++i) {
        const double a = input ? bIh.host()[i] : 0, b = recurrent ? bHh.host()[i] : 0;
        const bool last = apart && i / bias.hidden == gates - 1;
        expected[bias.at(i)] = last ? a : a + b;
        if (last) expectedN.push_back(b);
    }
    c.close("bias", packed, expected);
    if (apart) c.equal("bHn", bHn.get(), expectedN);
    std::vector<double> expectedW(static_cast<size_t>(packedW.count()), 0);
    for (int64_t i = 0; i < weights.flatCount(); ++i) expectedW[weights.at(i)] = roundTo(packedType, w.host()[i]);
    c.equal("weights", packedW.get(), expectedW);
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
            const auto cases = [=](const char *name, Matrix matrix) {
                add(std::string("pack ") + name + " " + pair, [=](Case &c) { packCase(c, flat, packed, {matrix}); });
            };
            cases("lstm", {FRNN_ROWS_INTERLEAVED, 4, 33, 301, 0, 301});
            cases("gru", {FRNN_ROWS_INTERLEAVED, 3, 7, 5, 1, 8});
            cases("padded pairs", {FRNN_ROWS_INTERLEAVED, 1, 13, 130, 3, 136});
            cases("padded fours", {FRNN_ROWS_INTERLEAVED, 4, 9, 1028, 2, 1032});
            cases("reset-before gru", {FRNN_ROWS_RESET_BEFORE, 3, 29, 31, 5, 33});
            add("pack matrices " + pair, [=](Case &c) {
                packCase(c, flat, packed, {{FRNN_ROWS_INTERLEAVED, 4, 16, 28, 0, 32}, {FRNN_ROWS_INTERLEAVED, 4, 16, 16, 8, 24},
                                           {FRNN_ROWS_RESET_BEFORE, 3, 29, 31, 5, 33}, {FRNN_ROWS_INTERLEAVED, 4, 301, 1, 3, 1},
                                           {FRNN_ROWS_INTERLEAVED, 1, 1, 2049, 0, 2050}});
            });
            add("pack as many matrices as there may be " + pair, [=](Case &c) {
                std::vector<Matrix> matrices;
                for (int64_t i = 0; i < FRNN_MOST_JOBS; ++i) matrices.push_back({FRNN_ROWS_INTERLEAVED, 1 + i % 4, 3 + i, 1 + 2 * i, i % 3, 2 + 2 * i});
                packCase(c, flat, packed, matrices);
            });
            for (int64_t gates : {1, 3, 4}) {
                add("pack bias " + std::to_string(gates) + " " + pair, [=](Case &c) {
                    for (bool apart : {false, true}) {
                        biasCase(c, gates, flat, packed, true, true, apart);
                        biasCase(c, gates, flat, packed, true, false, apart);
                        biasCase(c, gates, flat, packed, false, true, apart);
                        biasCase(c, gates, flat, packed, false, false, apart);
                    }
                });
            }
        }
    }
    add("pack rows beyond the number of blocks", [](Case &c) { packCase(c, FRNN_F32, FRNN_BF16, {{FRNN_ROWS_INTERLEAVED, 1, 9001, 1100, 0, 1104}}); });
}

}  // namespace frnn::test
