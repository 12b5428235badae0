// The cells in float against long double, derivatives against differences of the long double forward.
#include <cmath>
#include <functional>
#include <random>

#include "recurrence/cellmath.h"
#include "recurrence/zoneout.h"
#include "test.h"

namespace {

using Real = long double;

bool near(Real got, Real expected, Real tolerance) { return std::fabs(got - expected) <= tolerance * std::fmax(1.0L, std::fabs(expected)); }

Real sigma(Real x) { return 1 / (1 + std::exp(-x)); }

struct Lstm {
    Real a[4], c, clip;

    Real limited(Real value) const { return clip > 0 ? std::fmin(clip, std::fmax(-clip, value)) : value; }
    Real newC() const {
        return sigma(a[1]) * limited(c) + sigma(a[0]) * std::tanh(a[2]);
    }
    Real newH() const { return sigma(a[3]) * std::tanh(limited(newC())); }
};

Real difference(Real &variable, const std::function<Real()> &function) {
    const Real step = 1e-6L, kept = variable;
    variable = kept + step;
    const Real above = function();
    variable = kept - step;
    const Real below = function();
    variable = kept;
    return (above - below) / (2 * step);
}

template <bool FAST>
void lstmTest(std::mt19937 &random, float clip) {
    std::uniform_real_distribution<float> uniform(-3, 3);
    const Real tolerance = 3e-6L;
    for (int repeat = 0; repeat < 500; ++repeat) {
        const float a[4] = {uniform(random), uniform(random), uniform(random), uniform(random)};
        const float c = uniform(random), dh = uniform(random), dc = uniform(random);
        Lstm exact{{a[0], a[1], a[2], a[3]}, c, clip};
        const frnn::LstmForward out = frnn::lstmForward<FAST>(a[0], a[1], a[2], a[3], c, clip);
        EXPECT(near(out.c, exact.newC(), tolerance));
        EXPECT(near(out.h, exact.newH(), tolerance));
        EXPECT(near(out.i, sigma(a[0]), tolerance) && near(out.f, sigma(a[1]), tolerance));
        EXPECT(near(out.g, std::tanh(static_cast<Real>(a[2])), tolerance) && near(out.o, sigma(a[3]), tolerance));
        // Differences mean nothing at the corner of the limit.
        const auto atCorner = [&](Real value) { return clip > 0 && std::fabs(std::fabs(value) - clip) < 1e-4L; };
        if (atCorner(exact.newC()) || atCorner(c)) continue;
        const frnn::LstmBackward back = frnn::lstmBackward<FAST>(out.i, out.f, out.g, out.o, out.c, c, dh, dc, clip);
        const auto loss = [&] { return dh * exact.newH() + dc * exact.newC(); };
        const float got[4] = {back.di, back.df, back.dg, back.do_};
        for (int g = 0; g < 4; ++g) EXPECT(near(got[g], difference(exact.a[g], loss), 4e-6L));
        EXPECT(near(back.dcPrevious, difference(exact.c, loss), 4e-6L));
    }
}

struct Gru {
    Real r, z, n, q, h;

    Real newH() const {
        const Real candidate = std::tanh(n + sigma(r) * q);
        return (1 - sigma(z)) * candidate + sigma(z) * h;
    }
};

template <bool FAST>
void gruTest(std::mt19937 &random) {
    std::uniform_real_distribution<float> uniform(-3, 3);
    for (int repeat = 0; repeat < 500; ++repeat) {
        const float r = uniform(random), z = uniform(random), n = uniform(random), q = uniform(random), h = uniform(random), dh = uniform(random);
        Gru exact{r, z, n, q, h};
        const frnn::GruForward out = frnn::gruForward<FAST>(r, z, n, q, h);
        EXPECT(near(out.h, exact.newH(), 3e-6L));
        const frnn::GruBackward back = frnn::gruBackward(out.r, out.z, out.n, q, h, dh);
        const auto loss = [&] { return dh * exact.newH(); };
        EXPECT(near(back.dr, difference(exact.r, loss), 4e-6L));
        EXPECT(near(back.dz, difference(exact.z, loss), 4e-6L));
        EXPECT(near(back.dn, difference(exact.n, loss), 4e-6L));
        EXPECT(near(back.dq, difference(exact.q, loss), 4e-6L));
        EXPECT(near(back.dhDirect, difference(exact.h, loss), 4e-6L));
    }
}

void plainTest(std::mt19937 &random) {
    std::uniform_real_distribution<float> uniform(-3, 3);
    for (int repeat = 0; repeat < 500; ++repeat) {
        const float a = uniform(random), dh = uniform(random);
        const float h = frnn::rnnForward<false, false>(a);
        const Real exact = std::tanh(static_cast<Real>(a));
        EXPECT(near(h, exact, 1e-6L));
        EXPECT(near(frnn::rnnBackward<false>(h, dh), dh * (1 - exact * exact), 2e-6L));
        EXPECT((frnn::rnnForward<false, true>(a)) == (a > 0 ? a : 0));
        EXPECT(frnn::rnnBackward<true>(frnn::rnnForward<false, true>(a), dh) == (a > 0 ? dh : 0));
    }
}

template <bool FAST>
void extremesTest() {
    for (float x : {90.0f, 1e4f, 1e20f, INFINITY}) {
        EXPECT(frnn::sigmoid<FAST>(x) == 1.0f);
        EXPECT(frnn::sigmoid<FAST>(-x) < 1e-38f && frnn::sigmoid<FAST>(-x) >= 0.0f);
        EXPECT(frnn::hyperbolicTangent<FAST>(x) == 1.0f && frnn::hyperbolicTangent<FAST>(-x) == -1.0f);
    }
    EXPECT(std::isnan(frnn::sigmoid<FAST>(NAN)) && std::isnan(frnn::hyperbolicTangent<FAST>(NAN)));
    EXPECT(std::isnan(frnn::limited(NAN, 1.0f)) && frnn::limited(INFINITY, 2.0f) == 2.0f && frnn::limited(-7.0f, 0.0f) == -7.0f);
    EXPECT(frnn::atLimit(-2.0f, 2.0f) && !frnn::atLimit(1.9f, 2.0f) && !frnn::atLimit(9.0f, 0.0f) && !frnn::atLimit(NAN, 1.0f));
    EXPECT(std::isnan(frnn::rnnForward<FAST, true>(NAN)));
    EXPECT(frnn::zonedOut(0, INFINITY, 3) == 3 && frnn::zonedOut(1, 3, NAN) == 3 && frnn::zonedOut(0.25f, 4, 8) == 7);
    EXPECT(frnn::zonedOutGradient(1, 5).before == 5 && frnn::zonedOutGradient(1, NAN).computed == 0);
    EXPECT(frnn::zonedOutGradient(0, 5).computed == 5 && frnn::zonedOutGradient(0, INFINITY).before == 0);
}

}  // namespace

void cellMathTests() {
    std::mt19937 random(20261);
    for (float clip : {0.0f, 0.5f}) {
        lstmTest<false>(random, clip);
        lstmTest<true>(random, clip);
    }
    gruTest<false>(random);
    gruTest<true>(random);
    plainTest(random);
    extremesTest<false>();
    extremesTest<true>();
}
