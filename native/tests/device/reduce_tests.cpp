#include <cmath>

#include "harness.h"

namespace frnn::test {

static void columnCase(Case &c, int32_t type, int32_t sumType, int64_t rows, int64_t columns, int64_t stride, bool accumulate, int count) {
    FrnnColumnSumParams p{};
    p.matrixType = type;
    p.sumType = sumType;
    p.accumulate = accumulate;
    p.rows = rows;
    p.columns = columns;
    p.stride = stride;
    Buffer *matrices[2], *sums[2];
    for (int i = 0; i < count; ++i) {
        matrices[i] = &c.input(type, c.uniform(rows * stride));
        sums[i] = &c.input(sumType, accumulate ? c.uniform(columns) : std::vector<double>(static_cast<size_t>(columns), NAN));
        p.matrices[i] = matrices[i]->address();
        p.sums[i] = sums[i]->address();
    }
    p.workspace = c.workspace(count * frnn_column_sum_workspace(rows, columns)).address();
    Buffer &counters = c.counters();
    p.counters = counters.address();
    c.call(frnn_column_sum, p);
    for (int i = 0; i < count; ++i) {
        std::vector<double> expected(static_cast<size_t>(columns));
        for (int64_t k = 0; k < columns; ++k) {
            expected[k] = accumulate ? sums[i]->host()[k] : 0;
            for (int64_t r = 0; r < rows; ++r) expected[k] += matrices[i]->host()[r * stride + k];
        }
        c.close("sums", *sums[i], expected, 1e-6 * std::sqrt(static_cast<double>(rows)) * 4);
    }
    c.equal("counters", counters.get(), counters.host());
}

static void reduceCase(Case &c, int32_t type, int64_t count, int32_t reduction, bool accumulate) {
    Buffer &x = c.input(type, c.uniform(count));
    Buffer &result = c.input(FRNN_F32, {accumulate ? 3.25 : NAN});
    Buffer &workspace = c.workspace(frnn_reduce_workspace(count));
    FrnnReduceParams p{};
    p.type = type;
    p.reduction = reduction;
    p.accumulate = accumulate;
    p.count = count;
    p.x = x.address();
    p.result = result.address();
    p.workspace = workspace.address();
    Buffer &counters = c.counters();
    p.counters = counters.address();
    c.call(frnn_reduce, p);
    c.equal("counters", counters.get(), counters.host());
    double expected = accumulate ? 3.25 : 0;
    for (double value : x.host()) expected += reduction == FRNN_SUM ? value : value * value;
    c.close("result", result, {expected}, 1e-9 * static_cast<double>(count));
}

void addReduceTests() {
    const int64_t shapes[][3] = {{1, 1, 1}, {7, 33, 40}, {700, 260, 260}, {5003, 3, 5}, {20011, 97, 97}, {130, 32767, 32767}};
    for (int32_t type : FLOATING) {
        for (const auto &shape : shapes) {
            const int64_t rows = shape[0], columns = shape[1], stride = shape[2];
            const std::string name = std::string(typeName(type)) + " " + std::to_string(rows) + "x" + std::to_string(columns);
            add("column sum " + name, [=](Case &c) { columnCase(c, type, FRNN_F32, rows, columns, stride, false, 1); });
            add("column sum accumulated " + name, [=](Case &c) { columnCase(c, type, type, rows, columns, stride, true, 1); });
            add("column sums of two " + name, [=](Case &c) { columnCase(c, type, FRNN_F32, rows, columns, stride, false, 2); });
        }
        for (int64_t count : {1, 4097, 1000003}) {
            const std::string name = std::string(typeName(type)) + " " + std::to_string(count);
            add("sum " + name, [=](Case &c) { reduceCase(c, type, count, FRNN_SUM, true); });
            add("sum of squares " + name, [=](Case &c) { reduceCase(c, type, count, FRNN_SUM_OF_SQUARES, false); });
        }
    }
    add("sum of squares beyond f32", [](Case &c) {
        Buffer &x = c.input(FRNN_F32, {3e30, 1.0});
        Buffer &result = c.output(FRNN_F32, 1);
        Buffer &workspace = c.workspace(frnn_reduce_workspace(2));
        FrnnReduceParams p{};
        p.reduction = FRNN_SUM_OF_SQUARES;
        p.count = 2;
        p.x = x.address();
        p.result = result.address();
        p.workspace = workspace.address();
        p.counters = c.counters().address();
        c.call(frnn_reduce, p);
        c.equal("result", result.get(), {INFINITY});
    });
}

}  // namespace frnn::test
