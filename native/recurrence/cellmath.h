// The cells, once: forward and derivative of one unit at one step, in float, for the device and for host tests.
// FAST uses the hardware's exponential and is for 16-bit storage, whose rounding hides its error of about 1e-6.
#pragma once

#include <cmath>

#include "cell_limit.h"

namespace frnn {

template <bool FAST>
FRNN_HOST_DEVICE float exponential(float x) {
#if defined(__CUDA_ARCH__)
    return FAST ? __expf(x) : expf(x);
#else
    return std::exp(x);
#endif
}

template <bool FAST>
FRNN_HOST_DEVICE float reciprocal(float x) {
#if defined(__CUDA_ARCH__)
    return FAST ? __fdividef(1.0f, x) : 1.0f / x;
#else
    return 1.0f / x;
#endif
}

template <bool FAST>
FRNN_HOST_DEVICE float sigmoid(float x) {
    return reciprocal<FAST>(1.0f + exponential<FAST>(-x));
}

template <bool FAST>
FRNN_HOST_DEVICE float hyperbolicTangent(float x) {
    if (FAST) return 2.0f * sigmoid<FAST>(2.0f * x) - 1.0f;
#if defined(__CUDA_ARCH__)
    return tanhf(x);
#else
    return std::tanh(x);
#endif
}

// LSTM ----------------------------------------------------------------------------------------------------------------

struct LstmGates {
    float i, f, g, o;
};

// From pre-activations.
template <bool FAST>
FRNN_HOST_DEVICE LstmGates lstmGates(float i, float f, float g, float o) {
    return {sigmoid<FAST>(i), sigmoid<FAST>(f), hyperbolicTangent<FAST>(g), sigmoid<FAST>(o)};
}

struct LstmForward {
    float i, f, g, o, c, h;
};

// i, f, g, o are pre-activations; c and cPrevious are as computed or given, and limited where they are read.
template <bool FAST>
FRNN_HOST_DEVICE LstmForward lstmForward(float i, float f, float g, float o, float cPrevious, float clip) {
    const LstmGates gates = lstmGates<FAST>(i, f, g, o);
    LstmForward out = {gates.i, gates.f, gates.g, gates.o, 0.0f, 0.0f};
    out.c = out.f * limited(cPrevious, clip) + out.i * out.g;
    out.h = out.o * hyperbolicTangent<FAST>(limited(out.c, clip));
    return out;
}

struct LstmBackward {
    float di, df, dg, do_, dcPrevious;
};

// i, f, g, o are activated; dh and dc are the whole gradients of h and c at this step.
template <bool FAST>
FRNN_HOST_DEVICE LstmBackward lstmBackward(float i, float f, float g, float o, float c, float cPrevious, float dh, float dc, float clip) {
    const float tanhC = hyperbolicTangent<FAST>(limited(c, clip));
    const float dcWhole = atLimit(c, clip) ? dc : dc + dh * o * (1.0f - tanhC * tanhC);
    LstmBackward out;
    out.di = dcWhole * g * i * (1.0f - i);
    out.df = dcWhole * limited(cPrevious, clip) * f * (1.0f - f);
    out.dg = dcWhole * i * (1.0f - g * g);
    out.do_ = dh * tanhC * o * (1.0f - o);
    out.dcPrevious = atLimit(cPrevious, clip) ? 0.0f : dcWhole * f;
    return out;
}

// GRU -----------------------------------------------------------------------------------------------------------------

struct GruResetGates {
    float r, z;
};

// From pre-activations.
template <bool FAST>
FRNN_HOST_DEVICE GruResetGates gruResetGates(float r, float z) {
    return {sigmoid<FAST>(r), sigmoid<FAST>(z)};
}

template <bool FAST>
FRNN_HOST_DEVICE float gruCandidate(float n) {
    return hyperbolicTangent<FAST>(n);
}

struct GruGates {
    float r, z, n;
};

// r, z, n are the sums on the input side, with the recurrent product added for r and z; q is the recurrent side of n.
template <bool FAST>
FRNN_HOST_DEVICE GruGates gruGates(float r, float z, float n, float q) {
    const GruResetGates gates = gruResetGates<FAST>(r, z);
    return {gates.r, gates.z, gruCandidate<FAST>(n + gates.r * q)};
}

struct GruForward {
    float r, z, n, h;
};

FRNN_HOST_DEVICE float gruMix(float z, float n, float hPrevious) { return (1.0f - z) * n + z * hPrevious; }

// r, z, n, q as for gruGates.
template <bool FAST>
FRNN_HOST_DEVICE GruForward gruForward(float r, float z, float n, float q, float hPrevious) {
    const GruGates gates = gruGates<FAST>(r, z, n, q);
    return {gates.r, gates.z, gates.n, gruMix(gates.z, gates.n, hPrevious)};
}

struct GruBackward {
    float dr, dz, dn, dq, dhDirect;
};

FRNN_HOST_DEVICE GruBackward gruBackward(float r, float z, float n, float q, float hPrevious, float dh) {
    GruBackward out;
    out.dn = dh * (1.0f - z) * (1.0f - n * n);
    out.dz = dh * (hPrevious - n) * z * (1.0f - z);
    out.dr = out.dn * q * r * (1.0f - r);
    out.dq = out.dn * r;
    out.dhDirect = dh * z;
    return out;
}

// Plain RNN -----------------------------------------------------------------------------------------------------------

template <bool FAST, bool RELU>
FRNN_HOST_DEVICE float rnnForward(float a) {
    if (RELU) return a < 0.0f ? 0.0f : a;  // NaN passes
    return hyperbolicTangent<FAST>(a);
}

template <bool RELU>
FRNN_HOST_DEVICE float rnnBackward(float h, float dh) {
    if (RELU) return h > 0.0f ? dh : 0.0f;
    return dh * (1.0f - h * h);
}

}  // namespace frnn
