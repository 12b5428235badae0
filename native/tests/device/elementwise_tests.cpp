#include "harness.h"

namespace frnn::test {

static void fillCase(Case &c, int32_t type, int64_t count, double value) {
    Buffer &x = c.output(type, count);
    FrnnFillParams p{};
    p.type = type;
    p.count = count;
    p.value = value;
    p.x = x.address();
    c.call(frnn_fill, p);
    c.equal("x", x.get(), std::vector<double>(static_cast<size_t>(count), roundTo(type, value)));
}

static void convertCase(Case &c, int32_t from, int32_t to) {
    const int64_t rows = 37, columns = 19, fromStride = 23, toStride = 29;
    Buffer &in = c.input(from, c.uniform(rows * fromStride, -3, 3));
    Buffer &out = c.input(to, std::vector<double>(static_cast<size_t>(rows * toStride), 7));
    FrnnConvertParams p{};
    p.fromType = from;
    p.toType = to;
    p.rows = rows;
    p.columns = columns;
    p.fromStride = fromStride;
    p.toStride = toStride;
    p.from = in.address();
    p.to = out.address();
    c.call(frnn_convert, p);
    std::vector<double> expected(static_cast<size_t>(rows * toStride), 7);
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t k = 0; k < columns; ++k) expected[r * toStride + k] = roundTo(to, in.host()[r * fromStride + k]);
    }
    c.equal("to", out.get(), expected);
}

static void arithmeticCase(Case &c, int32_t type, int32_t other) {
    const int64_t rows = 83, columns = 101, count = rows * columns;
    Buffer &x = c.input(other, c.uniform(count));
    Buffer &y = c.input(type, c.uniform(count));
    FrnnAddScaledParams add{};
    add.yType = type;
    add.xType = other;
    add.alpha = -0.75f;
    add.count = count;
    add.x = x.address();
    add.y = y.address();
    c.call(frnn_add_scaled, add);
    std::vector<double> expected;
    for (int64_t i = 0; i < count; ++i) expected.push_back(y.host()[i] - 0.75 * x.host()[i]);
    c.close("add scaled", y, expected);

    std::vector<double> before = y.get();
    Buffer &factor = c.input(FRNN_F32, {1.7});
    FrnnScaleParams scale{};
    scale.type = type;
    scale.count = count;
    scale.scale = factor.address();
    scale.y = y.address();
    c.call(frnn_scale, scale);
    for (int64_t i = 0; i < count; ++i) expected[i] = before[i] * factor.host()[0];
    c.close("scale", y, expected);

    before = y.get();
    Buffer &row = c.input(other, c.uniform(columns));
    FrnnAddRowParams addRow{};
    addRow.matrixType = type;
    addRow.rowType = other;
    addRow.rows = rows;
    addRow.columns = columns;
    addRow.matrix = y.address();
    addRow.row = row.address();
    c.call(frnn_add_row, addRow);
    for (int64_t i = 0; i < count; ++i) expected[i] = before[i] + row.host()[i % columns];
    c.close("add row", y, expected);
}

static void advanceCase(Case &c) {
    Buffer &word = c.input(FRNN_I32, {2147483647});
    Buffer &number = c.input(FRNN_F32, {2.5});
    FrnnAdvanceParams p{};
    p.type = FRNN_I32;
    p.value = 2;
    p.x = word.address();
    c.call(frnn_advance, p);
    p.type = FRNN_F32;
    p.value = -1;
    p.x = number.address();
    c.call(frnn_advance, p);
    c.equal("word", word.get(), {-2147483647});
    c.equal("number", number.get(), {1.5});
}

void addElementwiseTests() {
    for (int32_t type : FLOATING) {
        add(std::string("fill ") + typeName(type), [=](Case &c) { fillCase(c, type, 100003, -1.37); });
        for (int32_t other : FLOATING) {
            const std::string pair = std::string(typeName(type)) + " " + typeName(other);
            add("convert " + pair, [=](Case &c) { convertCase(c, type, other); });
            add("arithmetic " + pair, [=](Case &c) { arithmeticCase(c, type, other); });
        }
    }
    add("fill i32", [](Case &c) { fillCase(c, FRNN_I32, 1001, -5); });
    // More elements than the launch has threads.
    add("fill large", [](Case &c) { fillCase(c, FRNN_BF16, 3 << 20, 0.5); });
    add("convert i32", [](Case &c) {
        Buffer &in = c.input(FRNN_I32, c.integers(501, -2000000000, 2000000000));
        Buffer &out = c.output(FRNN_I32, 501);
        FrnnConvertParams p{};
        p.fromType = p.toType = FRNN_I32;
        p.rows = 1;
        p.columns = p.fromStride = p.toStride = 501;
        p.from = in.address();
        p.to = out.address();
        c.call(frnn_convert, p);
        c.equal("to", out.get(), in.host());
    });
    add("advance", advanceCase);
}

}  // namespace frnn::test
