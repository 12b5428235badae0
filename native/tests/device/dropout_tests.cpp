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

void addDropoutTests() {
    for (int32_t type : FLOATING) {
        const std::string name = typeName(type);
        add("dropout " + name, [=](Case &c) { dropoutCase(c, type, 40001, 0, 0, 0.3f, false); });
        add("dropout in place " + name, [=](Case &c) { dropoutCase(c, type, 40001, 0, 0, 0.65f, true); });
        add("dropout of a piece " + name, [=](Case &c) { dropoutCase(c, type, 40003, (int64_t{5} << 33) + 7, 0, 0.5f, false); });
        add("dropout repeated over time " + name, [=](Case &c) { dropoutCase(c, type, 40003, 1, 10007, 0.5f, false); });
    }
    add("dropout of nothing", [](Case &c) { dropoutCase(c, FRNN_F32, 1001, 0, 0, 0.0f, false); });
}

}  // namespace frnn::test
