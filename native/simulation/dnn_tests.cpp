// Tests of the stand-in for cuDNN: gradients against differences, what is refused, what memory has to hold, order of work.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "dnn/run.h"

namespace {

bool hasNan(const std::vector<float> &values) {
    for (float value : values) {
        if (std::isnan(value)) return true;
    }
    return false;
}

void requireDifferences(Run &run, Values &of, const std::vector<float> &gradient, const char *name, const char *what) {
    const float step = 0x1p-7f;
    const std::vector<float> values = of.get();
    for (size_t i = 0; i < values.size(); i += 1 + values.size() / 40) {
        std::vector<float> changed = values;
        double sides[2];
        for (int side = 0; side < 2; ++side) {
            changed[i] = values[i] + (side == 0 ? step : -step);
            of.set(changed);
            sides[side] = run.objective();
        }
        const double expected = (sides[0] - sides[1]) / (2 * step);
        require(std::fabs(gradient[i] - expected) < 2e-3, std::string(what) + ": gradient of " + name + " " + std::to_string(i), __LINE__);
    }
    of.set(values);
}

void gradientsAreDifferences(const Sizes &sizes, const char *what) {
    Run run(sizes);
    OK(run.forward());
    OK(run.backwardData());
    OK(run.backwardWeights());
    run.finish();
    requireDifferences(run, run.x, run.dx.get(), "x", what);
    requireDifferences(run, run.hx, run.dhx.get(), "hx", what);
    if (sizes.cell == 2) requireDifferences(run, run.cx, run.dcx.get(), "cx", what);
    requireDifferences(run, run.weights, run.gradients.get(), "the weights", what);
}

// Where a matrix or a bias begins, in bytes.
size_t placeOf(const Run &run, int layer, int number, bool bias) {
    cudnnTensorDescriptor_t matrix, vector;
    void *matrixAt = nullptr, *biasAt = nullptr;
    OK(cudnnCreateTensorDescriptor(&matrix));
    OK(cudnnCreateTensorDescriptor(&vector));
    OK(cudnnGetRNNWeightParams(run.handle, run.rnn, layer, run.weightBytes, run.weights.at, number, matrix, &matrixAt, vector, &biasAt));
    OK(cudnnDestroyTensorDescriptor(matrix));
    OK(cudnnDestroyTensorDescriptor(vector));
    return size_t(static_cast<char *>(bias ? biasAt : matrixAt) - run.weights.at);
}

double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

// One unit, one step, all numbers by hand.
void equationsAreThoseOfTheDocumentation(int cell) {
    Sizes one;
    one.cell = cell;
    one.layers = one.directions = one.input = one.hidden = one.steps = one.batch = 1;
    one.lengths = {1};
    Run run(one);
    const std::vector<float> weights = run.weights.get();
    const double x = run.x.get()[0], h = run.hx.get()[0], c = run.cx.get()[0];
    const int gates = cell == 2 ? 4 : cell == 3 ? 3 : 1;
    const auto half = [&](int gate, bool recurrent) {
        const int number = recurrent ? gates + gate : gate;
        return weights[placeOf(run, 0, number, false) / 4] * (recurrent ? h : x) + weights[placeOf(run, 0, number, true) / 4];
    };
    const auto sum = [&](int gate) { return half(gate, false) + half(gate, true); };
    double expected;
    if (cell == 2) {
        expected = sigmoid(sum(3)) * std::tanh(sigmoid(sum(1)) * c + sigmoid(sum(0)) * std::tanh(sum(2)));
    } else if (cell == 3) {
        const double z = sigmoid(sum(1));
        expected = (1 - z) * std::tanh(half(2, false) + sigmoid(sum(0)) * half(2, true)) + z * h;
    } else {
        expected = cell == 0 ? std::fmax(sum(0), 0) : std::tanh(sum(0));
    }
    OK(run.forward());
    run.finish();
    REQUIRE(std::fabs(run.y.get()[0] - expected) < 1e-6 && run.hy.get()[0] == run.y.get()[0]);
}

void gradientsOfWeightsAreAdded() {
    Run run({});
    OK(run.forward());
    OK(run.backwardData());
    OK(run.backwardWeights());
    run.finish();
    const std::vector<float> once = run.gradients.get();
    OK(run.backwardWeights());
    run.finish();
    const std::vector<float> twice = run.gradients.get();
    for (size_t i = 0; i < once.size(); ++i) REQUIRE(twice[i] == 2 * once[i]);
}

void weightsLieApartInEveryArrangement() {
    size_t sizes[3];
    const char *const names[] = {"flat", "layered", "spaced"};
    for (int a = 0; a < 3; ++a) {
        setenv("FUSEDRNN_SIMULATION_CUDNN_WEIGHTS", names[a], 1);
        Sizes projecting;
        projecting.projected = 2;
        Run run(projecting);
        sizes[a] = run.weightBytes;
        std::vector<int> taken(run.weightBytes, 0);
        for (int layer = 0; layer < 4; ++layer) {
            for (int number = 0; number < 9; ++number) {
                const size_t columns = number == 8 ? 2 : number < 4 ? (layer < 2 ? 3 : 4) : 2, elements = 4 * columns;
                for (size_t i = 0; i < 4 * elements; ++i) ++taken[placeOf(run, layer, number, false) + i];
                for (size_t i = 0; i < 16 && number < 8; ++i) ++taken[placeOf(run, layer, number, true) + i];
            }
        }
        for (int count : taken) REQUIRE(count == 1 || (a == 2 && count == 0));
        REQUIRE((placeOf(run, 1, 0, false) > placeOf(run, 0, 0, true)) == (a == 1));
        gradientsAreDifferences(projecting, names[a]);
    }
    unsetenv("FUSEDRNN_SIMULATION_CUDNN_WEIGHTS");
    REQUIRE(sizes[0] == sizes[1] && sizes[0] < sizes[2]);
}

void paddingIsFilledAndNotRead() {
    Run run({});
    std::vector<float> x = run.x.get(), dy = run.dy.get();
    const size_t behind = 4 * 3;  // step 2 of sample 0
    for (size_t i = 0; i < 3; ++i) x[behind + i] = NAN;
    for (size_t i = 0; i < 8; ++i) dy[4 * 8 + i] = NAN;
    run.x.set(x);
    run.dy.set(dy);
    OK(run.forward());
    OK(run.backwardData());
    OK(run.backwardWeights());
    run.finish();
    const std::vector<float> y = run.y.get();
    for (size_t i = 0; i < 8; ++i) REQUIRE(y[4 * 8 + i] == 7);
    REQUIRE(!hasNan(y) && !hasNan(run.dx.get()) && !hasNan(run.gradients.get()) && !hasNan(run.dhx.get()));
}

void wrongCallsAreRefused() {
    Run run({});
    STATUS(run.forward(CUDNN_FWD_MODE_TRAINING, 1), CUDNN_STATUS_BAD_PARAM);
    STATUS(run.forward(CUDNN_FWD_MODE_TRAINING, 0, 4), CUDNN_STATUS_BAD_PARAM);
    STATUS(run.backwardWeights(CUDNN_WGRAD_MODE_SET), CUDNN_STATUS_NOT_SUPPORTED);
    STATUS(run.describe(3, 2, 1), CUDNN_STATUS_BAD_PARAM);
    STATUS(run.describe(2, 5, 1), CUDNN_STATUS_BAD_PARAM);
    const int order[] = {2, 3}, tooLong[] = {4, 3};
    cudnnRNNDataDescriptor_t data;
    OK(cudnnCreateRNNDataDescriptor(&data));
    STATUS(cudnnSetRNNDataDescriptor(data, CUDNN_DATA_FLOAT, 1, 3, 2, 3, order, nullptr), CUDNN_STATUS_BAD_PARAM);
    STATUS(cudnnSetRNNDataDescriptor(data, CUDNN_DATA_FLOAT, 0, 3, 2, 3, tooLong, nullptr), CUDNN_STATUS_BAD_PARAM);
    size_t bytes;
    STATUS(cudnnGetRNNTempSpaceSizes(run.handle, run.rnn, 1, data, &bytes, &bytes), CUDNN_STATUS_BAD_PARAM);
    OK(cudnnDestroyRNNDataDescriptor(data));
    STATUS(cudnnSetStream(nullptr, run.stream), CUDNN_STATUS_NOT_INITIALIZED);
    char text[100];
    cudnnGetLastErrorString(text, sizeof(text));
    REQUIRE(std::strstr(text, "handle is null") != nullptr);
}

Sizes persistent(int algorithm) {
    Sizes sizes;
    sizes.algorithm = algorithm;
    sizes.padded = false;
    sizes.lengths = {3, 3};
    return sizes;
}

void persistentAlgorithmsDeclineWhatTheyCannot() {
    Run run({});
    for (int algorithm = 1; algorithm < 4; ++algorithm) {
        run.s = persistent(algorithm);
        size_t bytes;
        const auto ask = [&](int projected, int hidden) {
            run.s.hidden = hidden;
            OK(run.describe(2, projected, 1));
            return cudnnGetRNNTempSpaceSizes(run.handle, run.rnn, 1, run.xData, &bytes, &bytes);
        };
        int lengths[] = {3, 3};
        OK(cudnnSetRNNDataDescriptor(run.xData, CUDNN_DATA_FLOAT, 1, 3, 2, 3, lengths, nullptr));
        STATUS(ask(2, 4), CUDNN_STATUS_NOT_SUPPORTED);
        STATUS(ask(0, 4), algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC ? CUDNN_STATUS_BAD_PARAM : CUDNN_STATUS_SUCCESS);
        const int most[] = {0, 1536, 0, 128};
        if (most[algorithm] > 0) STATUS(ask(0, most[algorithm] + 1), CUDNN_STATUS_NOT_SUPPORTED);
        lengths[1] = 2;
        OK(cudnnSetRNNDataDescriptor(run.xData, CUDNN_DATA_FLOAT, 1, 3, 2, 3, lengths, nullptr));
        STATUS(ask(0, 4), CUDNN_STATUS_NOT_SUPPORTED);
        run.s.padded = true;
        STATUS(ask(0, 4), CUDNN_STATUS_NOT_SUPPORTED);
    }
}

void change(Values &values) {
    std::vector<float> changed = values.get();
    changed[0] += 0.5f;
    values.set(changed);
}

void clear(Memory &memory, size_t bytes) {
    CUDA(cudaMemset(memory.at, 0, bytes));
    CUDA(cudaStreamSynchronize(nullptr));
}

// `spoil` comes between the passes; `after` 1: before the gradients of the data, 2: before those of the weights.
template <typename Spoil>
void requireSpoilt(int after, bool spoilt, Spoil &&spoil, int line) {
    Run run({});
    OK(run.forward());
    if (after == 1) {
        run.finish();
        spoil(run);
    }
    OK(run.backwardData());
    if (after == 2) {
        run.finish();
        spoil(run);
    }
    OK(run.backwardWeights());
    run.finish();
    require(hasNan(run.gradients.get()) == spoilt, "gradients of weights are NaN", line);
    if (after == 1) require(hasNan(run.dhx.get()) == spoilt, "gradients of hx are NaN", line);
}

void backwardPassesNeedWhatTheirForwardPassSaw() {
    for (int after = 1; after <= 2; ++after) {
        requireSpoilt(after, false, [](Run &) {}, __LINE__);
        requireSpoilt(after, true, [](Run &run) { change(run.y); }, __LINE__);
        requireSpoilt(after, true, [](Run &run) { change(run.hx); }, __LINE__);
        requireSpoilt(after, true, [](Run &run) { clear(run.reserve, 64); }, __LINE__);
        requireSpoilt(after, false, [](Run &run) { clear(run.workspace, run.workspace.bytes); }, __LINE__);
    }
    requireSpoilt(1, true, [](Run &run) { change(run.weights); }, __LINE__);
    requireSpoilt(1, true, [](Run &run) { change(run.cx); }, __LINE__);
    requireSpoilt(2, true, [](Run &run) { change(run.x); }, __LINE__);
    // A reserve serves one backward pass.
    requireSpoilt(2, true, [](Run &run) { OK(run.backwardData()); run.finish(); }, __LINE__);
    requireSpoilt(2, true, [](Run &run) { OK(run.forward()); run.finish(); }, __LINE__);
    requireSpoilt(
        1, true,
        [](Run &run) {
            run.s.lengths = {3, 2};
            for (cudnnRNNDataDescriptor_t data : {run.xData, run.yData}) {
                const int width = data == run.xData ? run.s.input : 2 * run.s.hidden;
                OK(cudnnSetRNNDataDescriptor(data, CUDNN_DATA_FLOAT, 0, 3, 2, width, run.s.lengths.data(), nullptr));
            }
        },
        __LINE__);
}

void aStateThatIsReplacedInPlaceIsLost() {
    Run run({});
    OK(cudnnRNNForward(run.handle, run.rnn, CUDNN_FWD_MODE_INFERENCE, nullptr, run.xData, run.x.at, run.yData, run.y.at, run.hData, run.hx.at, run.hx.at,
                       run.cData, run.cx.at, run.cy.at, run.weightBytes, run.weights.at, run.workspaceBytes, run.workspace.at, 0, nullptr));
    run.finish();
    REQUIRE(hasNan(run.y.get()));
}

void workspaceIsWrittenFromEndToEnd() {
    Run run({});
    OK(run.forward());
    run.finish();
    std::vector<unsigned char> bytes(run.workspaceBytes);
    CUDA(cudaMemcpy(bytes.data(), run.workspace.at, bytes.size(), cudaMemcpyDeviceToHost));
    for (unsigned char byte : bytes) REQUIRE(byte == 0x5A);
}

// Queued on the handle's stream, recorded there, and replayed on what memory holds then.
void passesAreWorkOfTheStream() {
    Run run({});
    CUDA(cudaStreamBeginCapture(run.stream, cudaStreamCaptureModeRelaxed));
    OK(run.forward());
    OK(run.backwardData());
    OK(run.backwardWeights());
    cudaGraph_t graph = nullptr;
    CUDA(cudaStreamEndCapture(run.stream, &graph));
    REQUIRE(run.y.get()[0] == 0);
    cudaGraphExec_t executable = nullptr;
    CUDA(cudaGraphInstantiate(&executable, graph, 0));
    CUDA(cudaGraphDestroy(graph));
    for (int i = 0; i < 3; ++i) {
        change(run.weights);
        change(run.x);
        run.gradients.set(std::vector<float>(run.weightBytes / 4, 0));
        CUDA(cudaGraphLaunch(executable, run.stream));
        run.finish();
        const std::vector<float> replayed = run.gradients.get(), y = run.y.get();
        run.gradients.set(std::vector<float>(run.weightBytes / 4, 0));
        OK(run.forward());
        OK(run.backwardData());
        OK(run.backwardWeights());
        run.finish();
        REQUIRE(replayed == run.gradients.get() && y == run.y.get() && !hasNan(y));
    }
    CUDA(cudaGraphExecDestroy(executable));
}

void tf32IsForWhoeverAllowsIt() {
    Sizes exact, coarse;
    coarse.math = CUDNN_DEFAULT_MATH;
    float found[2];
    for (int i = 0; i < 2; ++i) {
        Run run(i == 0 ? exact : coarse);
        OK(run.forward());
        run.finish();
        found[i] = run.y.get()[0];
    }
    REQUIRE(found[0] != found[1] && std::fabs(found[0] - found[1]) < 1e-2f);
}

}  // namespace

int main() {
    for (int cell = 0; cell < 4; ++cell) {
        equationsAreThoseOfTheDocumentation(cell);
        Sizes sizes;
        sizes.cell = cell;
        if (cell > 0) gradientsAreDifferences(sizes, "padded");
        sizes.padded = false;
        sizes.lengths = {3, 1};
        sizes.directions = 1;
        if (cell > 0) gradientsAreDifferences(sizes, "packed");
    }
    Sizes clipped;
    clipped.clip = 0.3;
    gradientsAreDifferences(clipped, "clipped");
    for (int algorithm = 1; algorithm < 4; ++algorithm) gradientsAreDifferences(persistent(algorithm), "persistent");
    gradientsOfWeightsAreAdded();
    weightsLieApartInEveryArrangement();
    paddingIsFilledAndNotRead();
    wrongCallsAreRefused();
    persistentAlgorithmsDeclineWhatTheyCannot();
    backwardPassesNeedWhatTheirForwardPassSaw();
    aStateThatIsReplacedInPlaceIsLost();
    workspaceIsWrittenFromEndToEnd();
    passesAreWorkOfTheStream();
    tf32IsForWhoeverAllowsIt();
    std::printf(failures == 0 ? "PASS\n" : "%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
