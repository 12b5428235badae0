#include <cmath>

#include "harness.h"

namespace frnn::test {

struct Rule {
    const char *name;
    int32_t rule;
    float beta1, beta2, epsilon, decay;
    bool first, second;
};

static const Rule RULES[] = {
    {"sgd", FRNN_SGD, 0, 0, 0, 0, false, false},          {"sgd momentum", FRNN_SGD, 0.9f, 0, 0, 0.01f, true, false},
    {"rmsprop", FRNN_RMSPROP, 0, 0.95f, 1e-8f, 0.02f, false, true}, {"adam", FRNN_ADAM, 0.9f, 0.999f, 1e-8f, 0.01f, true, true},
    {"adamw", FRNN_ADAMW, 0.85f, 0.99f, 1e-6f, 0.1f, true, true},
};

struct State {
    double w, m, v;
};

static void reference(const Rule &rule, State &s, double g, double rate, double t) {
    if (rule.rule == FRNN_ADAMW) s.w -= rate * rule.decay * s.w;
    else g += rule.decay * s.w;
    if (rule.rule == FRNN_SGD) {
        s.m = rule.beta1 * s.m + g;
        s.w -= rate * (rule.first ? s.m : g);
        return;
    }
    s.v = rule.beta2 * s.v + (1 - static_cast<double>(rule.beta2)) * g * g;
    if (rule.rule == FRNN_RMSPROP) {
        s.w -= rate * g / (std::sqrt(s.v) + rule.epsilon);
        return;
    }
    s.m = rule.beta1 * s.m + (1 - static_cast<double>(rule.beta1)) * g;
    s.w -= rate * (s.m / (1 - std::pow(rule.beta1, t))) / (std::sqrt(s.v / (1 - std::pow(rule.beta2, t))) + rule.epsilon);
}

static void updateCase(Case &c, const Rule &rule, int32_t valueType, int32_t gradientType) {
    const int64_t count = 3001;
    Buffer &masters = c.input(FRNN_F32, c.uniform(count));
    Buffer &values = valueType == FRNN_F32 ? masters : c.output(valueType, count);
    Buffer &first = c.input(FRNN_F32, std::vector<double>(static_cast<size_t>(count), 0));
    Buffer &second = c.input(FRNN_F32, std::vector<double>(static_cast<size_t>(count), 0));
    Buffer &gradients = c.output(gradientType, count);
    Buffer &scale = c.input(FRNN_F32, {0.25});
    Buffer &hyper = c.output(FRNN_F32, 2);
    FrnnUpdateParams p{};
    p.rule = rule.rule;
    p.valueType = valueType;
    p.gradientType = gradientType;
    p.count = count;
    p.beta1 = rule.beta1;
    p.beta2 = rule.beta2;
    p.epsilon = rule.epsilon;
    p.weightDecay = rule.decay;
    p.values = values.address();
    p.masters = masters.address();
    p.gradients = gradients.address();
    p.moment1 = rule.first ? first.address() : 0;
    p.moment2 = rule.second ? second.address() : 0;
    p.scale = scale.address();
    p.hyper = hyper.address();
    std::vector<State> states;
    for (double w : masters.host()) states.push_back({w, 0, 0});
    for (int t = 1; t <= 4; ++t) {
        // Steps near zero make Adam's quotient a sign: keep gradients away from it.
        std::vector<double> fresh = c.uniform(count, 0.5, 4);
        for (int64_t i = 0; i < count; i += 2) fresh[i] = -fresh[i];
        gradients.set(fresh);
        hyper.set({0.01, static_cast<double>(t)});
        c.call(frnn_update, p);
        for (int64_t i = 0; i < count; ++i) reference(rule, states[i], gradients.host()[i] * 0.25, hyper.host()[0], t);
    }
    std::vector<double> w, m, v;
    for (const State &s : states) {
        w.push_back(s.w);
        m.push_back(s.m);
        v.push_back(s.v);
    }
    c.close("masters", masters, w, 2e-6);
    if (valueType != FRNN_F32) c.close("values", values, masters.get(), 0);
    if (rule.first) c.close("moment1", first, m, 2e-6);
    if (rule.second) c.close("moment2", second, v, 2e-6);

    const std::vector<double> before = masters.get();
    scale.set({NAN});
    c.call(frnn_update, p);
    c.equal("skipped", masters.get(), before);
}

static void averageCase(Case &c, int32_t valueType) {
    const int64_t count = 3001;
    Buffer &masters = c.input(FRNN_F32, c.uniform(count));
    Buffer &values = valueType == FRNN_F32 ? masters : c.output(valueType, count);
    Buffer &gradients = c.output(FRNN_F32, count);
    Buffer &average = c.input(FRNN_F32, masters.host());
    Buffer &share = c.output(FRNN_F32, 1);
    Buffer &scale = c.input(FRNN_F32, {0.5});
    Buffer &hyper = c.input(FRNN_F32, {0.1, 1});
    FrnnUpdateParams p{};
    p.rule = FRNN_SGD;
    p.valueType = valueType;
    p.gradientType = FRNN_F32;
    p.count = count;
    p.values = values.address();
    p.masters = masters.address();
    p.gradients = gradients.address();
    p.scale = scale.address();
    p.hyper = hyper.address();
    p.average = average.address();
    p.averageShare = share.address();
    const std::vector<double> start = masters.host();
    gradients.set(c.uniform(count));
    share.set({0});
    c.call(frnn_update, p);
    c.equal("not averaged yet", average.get(), start);
    std::vector<double> sum(static_cast<size_t>(count), 0);
    for (int k = 1; k <= 5; ++k) {
        gradients.set(c.uniform(count));
        share.set({1.0 / k});
        c.call(frnn_update, p);
        const std::vector<double> now = masters.get();
        for (int64_t i = 0; i < count; ++i) sum[i] += now[i];
    }
    for (double &value : sum) value /= 5;
    c.close("average", average, sum, 2e-6);
    const std::vector<double> before = average.get();
    scale.set({NAN});
    c.call(frnn_update, p);
    c.equal("skipped", average.get(), before);
}

static double clipScale(Case &c, int32_t type, const std::vector<double> &values, float maxNorm, float unscale, bool onDevice) {
    Buffer &gradients = c.input(type, values);
    Buffer &factor = c.input(FRNN_F32, {unscale});
    Buffer &norm = c.output(FRNN_F32, 1);
    Buffer &scale = c.output(FRNN_F32, 1);
    Buffer &counters = c.counters();
    const int64_t count = gradients.count();
    FrnnClipScaleParams p{};
    p.type = type;
    p.count = count;
    p.maxNorm = maxNorm;
    p.gradients = gradients.address();
    p.lossUnscale = onDevice ? factor.address() : 0;
    p.lossUnscaleValue = onDevice ? -7 : unscale;
    p.squaredNorm = norm.address();
    p.scale = scale.address();
    p.workspace = c.workspace(frnn_reduce_workspace(count)).address();
    p.counters = counters.address();
    c.call(frnn_clip_scale, p);
    double expected = 0;
    for (double value : gradients.host()) expected += value * value;
    c.close("squared norm", {norm.get()[0]}, {expected}, 1e-6, 0);
    c.equal("counters", counters.get(), counters.host());
    return scale.get()[0];
}

static void clipCase(Case &c, int32_t type) {
    c.close("clipped", {clipScale(c, type, {8}, 2, 0.5f, false)}, {0.5 * 2 / (0.5 * 8)}, 1e-6, 0);
    c.close("below", {clipScale(c, type, {0, -2}, 2, 0.5f, true)}, {0.5}, 0, 0);
    c.close("no limit", {clipScale(c, type, {6e4, 6e4}, 0, 1, false)}, {1}, 0, 0);
    c.equal("infinite", {clipScale(c, type, {1, INFINITY}, 2, 1, false), clipScale(c, type, {NAN}, 0, 1, true)}, {NAN, NAN});
    // More than one block, and blocks of different sums.
    std::vector<double> many(20011, 0);
    double sum = 0;
    for (size_t i = 0; i < many.size(); i += 3) sum += (many[i] = static_cast<double>(i / 2048)) * many[i];
    c.close("of blocks", {clipScale(c, type, many, 3, 1, false)}, {3 / std::sqrt(sum)}, 1e-6, 0);
}

static void stepDoneCase(Case &c) {
    Buffer &scale = c.input(FRNN_F32, {1});
    Buffer &hyper = c.input(FRNN_F32, {0.1, 5});
    Buffer &lossScale = c.input(FRNN_F32, {1024, 1.0 / 1024, 0});
    FrnnStepDoneParams p{};
    p.interval = 2;
    p.growth = 2;
    p.backoff = 0.5;
    p.scale = scale.address();
    p.hyper = hyper.address();
    p.lossScale = lossScale.address();
    c.call(frnn_step_done, p);
    c.equal("one good step", lossScale.get(), {1024, 1.0 / 1024, 1});
    c.call(frnn_step_done, p);
    c.equal("grown", lossScale.get(), {2048, 1.0 / 2048, 0});
    scale.set({NAN});
    c.call(frnn_step_done, p);
    c.equal("shrunk", lossScale.get(), {1024, 1.0 / 1024, 0});
    c.equal("steps", hyper.get(), {roundTo(FRNN_F32, 0.1), 7});
}

void addOptimizerTests() {
    for (const Rule &rule : RULES) {
        for (int32_t value : FLOATING) {
            for (int32_t gradient : FLOATING) {
                add(std::string("update ") + rule.name + " " + typeName(value) + " " + typeName(gradient),
                    [=](Case &c) { updateCase(c, rule, value, gradient); });
            }
        }
    }
    for (int32_t value : FLOATING) {
        add(std::string("update with average ") + typeName(value), [=](Case &c) { averageCase(c, value); });
    }
    for (int32_t type : FLOATING) {
        add(std::string("clip scale ") + typeName(type), [=](Case &c) { clipCase(c, type); });
    }
    add("step done", stepDoneCase);
}

}  // namespace frnn::test
