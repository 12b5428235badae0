#include "common/philox.h"
#include "harness.h"

namespace frnn::test {

static void dropoutCase(Case &c, int32_t type, int64_t count, int64_t first, int64_t period, float keepOut, bool inPlace) {
    Buffer &in = c.input(type, c.uniform(count));
    Buffer &out = inPlace ? in : c.output(type, count);
    Buffer &random = c.input(FRNN_I32, {123456789, -987654321, 17, 0});
    FrnnDropoutParams p{};
    p.type = type;
    p.streamId = 3;
    p.p = keepOut;
    p.count = count;
    p.firstElement = first;
    p.period = period;
    p.random = random.address();
    p.in = in.address();
    p.out = out.address();
    c.call(frnn_dropout, p);
    std::vector<double> expected;
    for (int64_t i = 0; i < count; ++i) {
        const uint64_t e = static_cast<uint64_t>(first + (period == 0 ? i : i % period));
        const PhiloxBlock block = philox(static_cast<uint32_t>(e >> 2), static_cast<uint32_t>(e >> 34), 3, 17, 123456789u, static_cast<uint32_t>(-987654321));
        expected.push_back(dropoutKeeps(block.word[e & 3], keepOut) ? in.host()[i] * (1.0 / (1.0 - keepOut)) : 0);
    }
    c.close("out", out, expected, 0);
    int64_t kept = 0;
    for (double value : expected) kept += value != 0;
    const double share = static_cast<double>(kept) / static_cast<double>(count);
    if (share < 1 - keepOut - 0.05 || share > 1 - keepOut + 0.05) fail("%g of all elements were kept", share);
}

static void dropoutRowsCase(Case &c, int32_t type, int64_t rows, int64_t width, bool inPlace) {
    Buffer &in = c.input(type, c.uniform(rows * width));
    Buffer &out = inPlace ? in : c.output(type, rows * width);
    Buffer &ids = c.input(FRNN_I32, c.integers(rows, 0, 300));
    Buffer &random = c.input(FRNN_I32, {-5, 77, 2, 0});
    const float keepOut = 0.4f;
    FrnnDropoutRowsParams p{};
    p.type = type;
    p.streamId = 9;
    p.p = keepOut;
    p.M = rows;
    p.E = width;
    p.ids = ids.address();
    p.random = random.address();
    p.in = in.address();
    p.out = out.address();
    c.call(frnn_dropout_rows, p);
    std::vector<double> expected;
    int64_t kept = 0;
    for (int64_t m = 0; m < rows; ++m) {
        const uint32_t id = static_cast<uint32_t>(ids.host()[m]);
        const PhiloxBlock block = philox(id >> 2, 0, 9, 2, static_cast<uint32_t>(-5), 77u);
        const bool keeps = dropoutKeeps(block.word[id & 3], keepOut);
        kept += keeps;
        for (int64_t e = 0; e < width; ++e) expected.push_back(keeps ? in.host()[m * width + e] * (1.0 / (1.0 - keepOut)) : 0);
    }
    c.close("out", out, expected, 0);
    if (kept == 0 || kept == rows) fail("%lld of %lld rows were kept", static_cast<long long>(kept), static_cast<long long>(rows));
}

void addDropoutTests() {
    for (int32_t type : FLOATING) {
        const std::string name = typeName(type);
        add("dropout " + name, [=](Case &c) { dropoutCase(c, type, 40001, 0, 0, 0.3f, false); });
        add("dropout in place " + name, [=](Case &c) { dropoutCase(c, type, 40001, 0, 0, 0.65f, true); });
        add("dropout of a piece " + name, [=](Case &c) { dropoutCase(c, type, 40003, (int64_t{5} << 33) + 7, 0, 0.5f, false); });
        add("dropout repeated over time " + name, [=](Case &c) { dropoutCase(c, type, 40003, 1, 10007, 0.5f, false); });
    }
    for (int32_t type : FLOATING) {
        add(std::string("dropout of rows ") + typeName(type), [=](Case &c) { dropoutRowsCase(c, type, 5003, 37, false); });
        add(std::string("dropout of rows in place ") + typeName(type), [=](Case &c) { dropoutRowsCase(c, type, 71, 401, true); });
    }
    add("dropout of nothing", [](Case &c) { dropoutCase(c, FRNN_F32, 1001, 0, 0, 0.0f, false); });
}

}  // namespace frnn::test
