// Wrong arguments are refused before anything touches a device, with a message that names the member.
#include <cstring>

#include "fusedrnn.h"
#include "test.h"

template <typename Params>
static void refused(int32_t (*function)(const Params *, FrnnMessage *), Params p, const char *text) {
    FrnnMessage message{};
    p.structSize = sizeof(p);
    const int32_t status = function(&p, &message);
    const bool named = std::strstr(message.text, text) != nullptr;
    EXPECT(status == FRNN_ERROR_ARGUMENT);
    EXPECT(named);
    if (!named) std::printf("     message: %s, expected: %s\n", message.text, text);
    EXPECT(function(&p, nullptr) == FRNN_ERROR_ARGUMENT);
}

static FrnnFillParams fill(int32_t type, int64_t count, uint64_t x) {
    FrnnFillParams p{};
    p.type = type;
    p.count = count;
    p.x = x;
    return p;
}

static FrnnCellForwardParams lstm() {
    FrnnCellForwardParams p{};
    p.cell = FRNN_LSTM;
    p.T = 3;
    p.N = 2;
    p.H = 5;
    p.D = 1;
    p.directionCount = 1;
    p.gateStride = 20;
    p.stateStride = 5;
    p.gateInputs = p.hState = p.cState = 256;
    return p;
}

static void cellTests() {
    FrnnCellForwardParams p = lstm();
    p.step = 3;
    refused(frnn_cell_forward, p, "step is 3");
    p = lstm();
    p.directionBegin = 1;
    refused(frnn_cell_forward, p, "directionBegin");
    p = lstm();
    p.gateInputs += 4;
    refused(frnn_cell_forward, p, "gateInputs is not aligned");
    p = lstm();
    p.cState = 0;
    refused(frnn_cell_forward, p, "cState is missing");
    p = lstm();
    p.H = int64_t{1} << 61;
    refused(frnn_cell_forward, p, "too many elements");
    p = lstm();
    p.recurrentType = FRNN_BF16;
    refused(frnn_cell_forward, p, "recurrentType");
    p = lstm();
    p.gateStride = 16;
    refused(frnn_cell_forward, p, "gateStride must be at least");
    p.gateStride = 22;
    refused(frnn_cell_forward, p, "gateStride must be a multiple");
    p = lstm();
    p.stateStride = 4;
    refused(frnn_cell_forward, p, "stateStride");
    p = lstm();
    p.cell = FRNN_RNN_TANH;
    p.cellClip = 1;
    refused(frnn_cell_forward, p, "cellClip");
    p.cellClip = 0;
    p.cState = 0;
    p.cellZoneout = 0.5f;
    refused(frnn_cell_forward, p, "cellZoneout");
    p = lstm();
    p.zoneout = 1.5f;
    refused(frnn_cell_forward, p, "zoneout is 1.5");
    p = lstm();
    p.zoneout = 0.5f;
    p.hRaw = p.hState;
    p.hState = 0;
    refused(frnn_cell_forward, p, "zoneout needs hState");
    FrnnCellBackwardParams b{};
    b.cell = FRNN_GRU_RESET_AFTER;
    b.T = b.N = b.H = b.D = b.directionCount = 1;
    b.gateStride = 3;
    b.stateStride = 1;
    b.savedGates = b.y = b.dhState = b.dGates = 256;
    refused(frnn_cell_backward, b, "dGatesH is missing");
    b.dGatesH = 256;
    b.zoneout = 0.5f;
    refused(frnn_cell_backward, b, "zoneout needs random");
}

static void stepRefused(const FrnnCellForwardParams &cell, FrnnStepParams step, const char *text) {
    FrnnCellForwardParams p = cell;
    FrnnMessage message{};
    p.structSize = sizeof(p);
    step.structSize = sizeof(step);
    EXPECT(frnn_step_forward(&p, &step, &message) == FRNN_ERROR_ARGUMENT);
    const bool named = std::strstr(message.text, text) != nullptr;
    EXPECT(named);
    if (!named) std::printf("     message: %s, expected: %s\n", message.text, text);
}

static void stepTests() {
    FrnnCellForwardParams p = lstm();
    FrnnStepParams s{};
    s.recurrent.columns = s.recurrent.gateStride = s.recurrent.valueStride = 8;
    s.recurrent.unitStride = 32;
    s.recurrent.weights[0] = 512;
    s.recurrent.values[0] = 1024;
    EXPECT(frnn_step_samples(FRNN_F32) == 8 && frnn_step_samples(FRNN_BF16) == 16 && frnn_step_samples(FRNN_F16) == 16);
    FrnnCellForwardParams many = p;
    many.N = 9;
    stepRefused(many, s, "N is 9");
    FrnnCellForwardParams computed = p;
    computed.recurrent = 256;
    stepRefused(computed, s, "recurrent has no meaning");
    FrnnStepParams wrong = s;
    wrong.recurrent.columns = 0;
    stepRefused(p, wrong, "recurrent.columns");
    wrong = s;
    wrong.recurrent.valueStride = 7;
    stepRefused(p, wrong, "valueStride");
    wrong = s;
    wrong.recurrent.weights[0] = 0;
    stepRefused(p, wrong, "weights is missing");
    wrong = s;
    wrong.recurrent.values[0] = p.hState;
    stepRefused(p, wrong, "values may not be written");
    wrong = s;
    wrong.recurrent.weights[0] = 516;
    stepRefused(p, wrong, "aligned to 16");
    wrong = s;
    wrong.multipliesInput = 1;
    stepRefused(p, wrong, "input.columns");
    wrong.input = s.recurrent;
    stepRefused(p, wrong, "gateInputs has no meaning");
    FrnnCellForwardParams without = p;
    without.gateInputs = 0;
    stepRefused(without, s, "gateInputs is missing");
    FrnnCellForwardParams zoned = p;
    zoned.zoneout = 0.5f;
    stepRefused(zoned, s, "zoneout is for frnn_cell_forward alone");
    FrnnCellForwardParams typed = p;
    typed.cType = FRNN_BF16;
    stepRefused(typed, s, "cType");
}

static void stepBackwardTests() {
    FrnnCellBackwardParams p{};
    p.cell = FRNN_GRU_RESET_BEFORE;
    p.T = p.N = p.H = p.D = p.directionCount = 1;
    p.gateStride = 8;
    p.stateStride = 1;
    p.savedGates = p.y = p.dhState = p.dGates = p.dGatesH = 256;
    FrnnStepParams s{};
    s.recurrent.columns = s.recurrent.gateStride = s.recurrent.valueStride = s.recurrent.unitStride = 8;
    s.recurrent.weights[0] = 512;
    const auto refusedWith = [&](const char *text) {
        FrnnMessage message{};
        p.structSize = sizeof(p);
        s.structSize = sizeof(s);
        EXPECT(frnn_step_backward(&p, &s, &message) == FRNN_ERROR_ARGUMENT);
        const bool named = std::strstr(message.text, text) != nullptr;
        EXPECT(named);
        if (!named) std::printf("     message: %s, expected: %s\n", message.text, text);
    };
    refusedWith("reset-before");
    p.cell = FRNN_GRU_RESET_AFTER;
    p.N = 9;
    refusedWith("N is 9");
    p.N = 1;
    s.recurrent.weights[0] = 516;
    refusedWith("aligned to 16");
    s.multipliesInput = 1;
    refusedWith("multipliesInput");
    FrnnTransposeParams t{};
    t.rows = 3;
    t.from = t.to = 256;
    refused(frnn_transpose, t, "columns");
}

static void gatesTests() {
    FrnnStatesBeforeParams b{};
    b.T = 3;
    b.N = b.D = 1;
    b.R = 5;
    b.timeCount = 3;
    b.stateStride = 5;
    b.y = b.states = 256;
    b.timeBegin = 1;
    refused(frnn_states_before, b, "timeCount is 3");
    b.timeBegin = 0;
    b.stateStride = 4;
    refused(frnn_states_before, b, "stateStride must be at least");
    b.stateStride = 5;
    b.y = 0;
    refused(frnn_states_before, b, "y is missing");
    FrnnGatesParams p{};
    p.cell = FRNN_RNN_TANH;
    p.T = p.N = p.D = p.timeCount = 1;
    p.H = 5;
    p.gateStride = p.sumStride = 20;
    p.gateInputs = p.sums = p.savedGates = 256;
    refused(frnn_gates, p, "cell is 0");
    p.cell = FRNN_LSTM;
    p.sumStride = 21;
    refused(frnn_gates, p, "sumStride");
    p.sumStride = 20;
    p.gateStride = 22;
    refused(frnn_gates, p, "gateStride must be a multiple");
    p.gateStride = 20;
    p.stage = 1;
    refused(frnn_gates, p, "stage is 1");
    p.cell = FRNN_GRU_RESET_BEFORE;
    refused(frnn_gates, p, "stateStride must be at least");
    p.stateStride = 5;
    p.states = 256;
    refused(frnn_gates, p, "savedReset is missing");
    p.stage = 0;
    p.savedReset = 256;
    refused(frnn_gates, p, "savedReset");
}

static void packTests() {
    FrnnPackParams p{};
    refused(frnn_pack, p, "count is 0");
    p.count = FRNN_MOST_JOBS + 1;
    refused(frnn_pack, p, "count is 33");
    p.count = 2;
    for (int i = 0; i < 2; ++i) {
        FrnnPackJob &job = p.jobs[i];
        job.gates = 4;
        job.hidden = 3;
        job.columns = 5;
        job.flat = job.packed = 256;
        job.packedRows = 12;
        job.packedStride = 8;
    }
    p.jobs[1].packedStride = 4;
    refused(frnn_pack, p, "packedStride");
    p.jobs[1].packedStride = 8;
    p.jobs[1].packedRows = 11;
    refused(frnn_pack, p, "packedRows");
    p.jobs[1].packedRows = 12;
    p.jobs[1].apart = 2;
    refused(frnn_pack, p, "apart is not aligned");
    p.jobs[1].apart = 0;
    p.jobs[1].rows = FRNN_ROWS_RESET_BEFORE;
    refused(frnn_pack, p, "3 gates");
    FrnnUnpackParams u{};
    u.count = 1;
    u.jobs[0].gates = 4;
    u.jobs[0].hidden = 3;
    u.jobs[0].columns = 5;
    u.jobs[0].flat = u.jobs[0].packed = 256;
    u.jobs[0].packedStride = 4;
    refused(frnn_unpack, u, "packedStride");
    u.jobs[0].packedStride = 5;
    u.jobs[0].second = 2;
    refused(frnn_unpack, u, "second is not aligned");
}

static void sumTests() {
    FrnnColumnSumParams c{};
    c.rows = c.columns = c.stride = 1;
    c.matrices[0] = c.sums[0] = c.workspace = 256;
    refused(frnn_column_sum, c, "counters is missing");
    c.counters = c.sums[1] = 256;
    refused(frnn_column_sum, c, "sums[1]");
    c.sums[1] = 0;
    c.matrices[1] = 256;
    refused(frnn_column_sum, c, "sums[1] is missing");
    FrnnReduceParams r{};
    r.result = r.workspace = 256;
    refused(frnn_reduce, r, "counters is missing");
    FrnnClipScaleParams s{};
    s.count = 1;
    s.squaredNorm = s.scale = s.workspace = s.counters = 256;
    refused(frnn_clip_scale, s, "gradients is missing");
}

void argumentTests() {
    FrnnMessage message{};
    FrnnFillParams sized = fill(FRNN_F32, 1, 256);
    EXPECT(frnn_fill(nullptr, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strcmp(message.text, "frnn_fill: params is null") == 0);
    EXPECT(frnn_fill(&sized, &message) == FRNN_ERROR_ARGUMENT && std::strstr(message.text, "structSize is 0") != nullptr);
    refused(frnn_fill, fill(9, 1, 256), "type is 9");
    refused(frnn_fill, fill(FRNN_F32, -1, 256), "count is -1");
    refused(frnn_fill, fill(FRNN_F32, 1, 0), "x is missing");
    refused(frnn_fill, fill(FRNN_BF16, 1, 257), "not aligned");
    FrnnFillParams nothing = fill(FRNN_F32, 0, 0);
    nothing.structSize = sizeof(nothing);
    EXPECT(frnn_fill(&nothing, &message) == FRNN_OK);

    FrnnDropoutParams dropout{};
    dropout.p = 1;
    refused(frnn_dropout, dropout, "p must be");
    FrnnDropoutRowsParams rows{};
    rows.M = rows.E = 1;
    rows.random = rows.in = rows.out = 256;
    refused(frnn_dropout_rows, rows, "ids is missing");
    FrnnActivityPenaltyParams penalty{};
    penalty.T = penalty.K = 1;
    penalty.y = penalty.dy = penalty.gradientScale = penalty.loss = penalty.workspace = 256;
    refused(frnn_activity_penalty, penalty, "y and dy are one tensor");
    penalty.change = -1;
    refused(frnn_activity_penalty, penalty, "change");
    FrnnAttentionParams attention{};
    attention.S = attention.N = attention.A = attention.F = 1;
    attention.query = attention.keys = attention.weight = attention.values = attention.lengths = attention.shares = 256;
    refused(frnn_attention, attention, "context");
    attention.A = 0;
    refused(frnn_attention, attention, "A");
    FrnnAttentionBackwardParams attentionBackward{};
    attentionBackward.S = attentionBackward.N = attentionBackward.A = attentionBackward.F = 1;
    refused(frnn_attention_backward, attentionBackward, "query");
    FrnnConvertParams convert{};
    convert.toType = FRNN_I32;
    refused(frnn_convert, convert, "I32 converts");
    FrnnUpdateParams update{};
    update.rule = FRNN_ADAM;
    update.count = 1;
    update.values = update.masters = update.gradients = update.scale = update.hyper = 256;
    refused(frnn_update, update, "moment1 is missing");
    update.valueType = FRNN_BF16;
    refused(frnn_update, update, "values and masters");
    update.rule = FRNN_SGD;
    update.valueType = FRNN_F32;
    update.average = 256;
    refused(frnn_update, update, "averageShare is missing");
    cellTests();
    stepTests();
    stepBackwardTests();
    gatesTests();
    packTests();
    sumTests();

    FrnnProbe probe{};
    probe.structSize = sizeof(probe);
    EXPECT(frnn_probe(&probe, &message) == FRNN_OK);
    EXPECT((probe.deviceCount > 0) == (probe.reason[0] == 0));
    EXPECT(probe.runtimeVersion >= 13000);
    EXPECT(frnn_struct_size("Update") == static_cast<int32_t>(sizeof(FrnnUpdateParams)) && frnn_struct_size("Unknown") == -1);
    EXPECT(std::strlen(frnn_build_id()) == 16);
}
