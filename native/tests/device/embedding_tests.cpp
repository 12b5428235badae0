#include <cmath>

#include "harness.h"

namespace frnn::test {

static void gatherCase(Case &c, int32_t tableType, int32_t rowsType, int64_t M, int64_t V, int64_t E) {
    std::vector<double> ids = c.integers(M, 0, V - 1);
    ids[0] = static_cast<double>(V);
    ids[M / 2] = -1;
    Buffer &words = c.input(FRNN_I32, ids);
    Buffer &table = c.input(tableType, c.uniform(V * E));
    Buffer &rows = c.output(rowsType, M * E);
    Buffer &error = c.input(FRNN_I32, {0});
    FrnnGatherParams p{};
    p.tableType = tableType;
    p.rowsType = rowsType;
    p.M = M;
    p.V = V;
    p.E = E;
    p.ids = words.address();
    p.table = table.address();
    p.rows = rows.address();
    p.error = error.address();
    c.call(frnn_gather, p);
    std::vector<double> expected;
    for (int64_t m = 0; m < M; ++m) {
        const bool good = ids[m] >= 0 && ids[m] < static_cast<double>(V);
        for (int64_t e = 0; e < E; ++e) expected.push_back(good ? roundTo(rowsType, table.host()[static_cast<int64_t>(ids[m]) * E + e]) : 0);
    }
    c.equal("rows", rows.get(), expected);
    c.equal("error", error.get(), {FRNN_WORD_INDEX});
}

static FrnnScatterAddParams scatterParams(const Buffer &ids, const Buffer &rows, const Buffer &table, const Buffer &workspace, bool accumulate,
                                          int64_t V, int64_t E) {
    FrnnScatterAddParams p{};
    p.rowsType = rows.type();
    p.tableType = table.type();
    p.accumulate = accumulate;
    p.M = ids.count();
    p.V = V;
    p.E = E;
    p.ids = ids.address();
    p.rows = rows.address();
    p.table = table.address();
    p.workspace = workspace.address();
    return p;
}

static void scatterCase(Case &c, int32_t rowsType, int32_t tableType, int64_t M, int64_t V, int64_t E, bool accumulate) {
    std::vector<double> ids = c.integers(M, -1, V);
    // A third of all ids is one and the same, as a blank in text.
    for (int64_t m = 0; m < M; m += 3) ids[m] = static_cast<double>(V / 2);
    Buffer &words = c.input(FRNN_I32, ids);
    Buffer &rows = c.input(rowsType, c.uniform(M * E));
    const std::vector<double> initial = accumulate ? c.uniform(V * E) : std::vector<double>(static_cast<size_t>(V * E), NAN);
    Buffer &table = c.input(tableType, initial);
    Buffer &workspace = c.workspace(frnn_scatter_add_workspace(M, V, E));
    const FrnnScatterAddParams p = scatterParams(words, rows, table, workspace, accumulate, V, E);
    c.call(frnn_scatter_add, p);
    std::vector<double> expected = accumulate ? table.host() : std::vector<double>(static_cast<size_t>(V * E), 0);
    for (int64_t m = 0; m < M; ++m) {
        if (ids[m] < 0 || ids[m] >= static_cast<double>(V)) continue;
        for (int64_t e = 0; e < E; ++e) expected[static_cast<int64_t>(ids[m]) * E + e] += rows.host()[m * E + e];
    }
    c.close("table", table, expected, 1e-6 * std::sqrt(static_cast<double>(M)) * 4);

    Buffer &again = c.input(tableType, initial);
    for (int repeat = 0; repeat < 3; ++repeat) {
        again.set(initial);
        c.call(frnn_scatter_add, scatterParams(words, rows, again, workspace, accumulate, V, E));
        if (again.bytes() != table.bytes()) fail("repeat %d has other bits", repeat);
    }
}

void addEmbeddingTests() {
    for (int32_t type : FLOATING) {
        for (int32_t other : FLOATING) {
            const std::string pair = std::string(typeName(type)) + " " + typeName(other);
            add("gather " + pair, [=](Case &c) { gatherCase(c, type, other, 203, 57, 131); });
            add("gather wide " + pair, [=](Case &c) { gatherCase(c, type, other, 203, 57, 136); });
            add("gather wide one access " + pair, [=](Case &c) { gatherCase(c, type, other, 203, 57, 8); });
            add("scatter add " + pair, [=](Case &c) { scatterCase(c, type, other, 701, 29, 37, false); });
            add("scatter add wide " + pair, [=](Case &c) { scatterCase(c, type, other, 701, 29, 40, false); });
        }
        const std::string name = typeName(type);
        add("scatter add accumulated " + name, [=](Case &c) { scatterCase(c, type, FRNN_F32, 5003, 65, 130, true); });
        add("scatter add wide accumulated " + name, [=](Case &c) { scatterCase(c, type, FRNN_F32, 2003, 31, 1032, true); });
        add("scatter add 1 " + name, [=](Case &c) { scatterCase(c, type, FRNN_F32, 1, 1, 1, true); });
        add("scatter add large vocabulary " + name, [=](Case &c) { scatterCase(c, type, FRNN_F32, 9001, 70001, 5, false); });
    }
    add("scatter add of nothing", [](Case &c) {
        Buffer &table = c.output(FRNN_F32, 12);
        FrnnScatterAddParams p{};
        p.V = 3;
        p.E = 4;
        p.table = table.address();
        c.call(frnn_scatter_add, p);
        c.equal("table", table.get(), std::vector<double>(12, 0.0));
    });
}

}  // namespace frnn::test
