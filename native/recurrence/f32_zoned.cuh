// Backward cells of F32 storage around which states zone out: what of dh and dc the cell computed goes through it, what a unit kept
// goes to the step before as it is.
#pragma once

#include "f32_cells.cuh"
#include "zoneout_draw.cuh"

namespace frnn {

struct ZonedLstmBackwardF32 : LstmBackwardF32 {
    static constexpr bool kZonesOut = true;
    static constexpr int kCarriedFloats = 3; // behind those of the cell: the part of dh that bypasses it

    static __device__ __forceinline__ float besides(const float *carried) { return carried[2]; }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &args, const float *gates, float before, float dh, float *carried, Keep keep) {
        const ZoneoutGradient state = zonedOutGradient(keep.h, dh), cell = zonedOutGradient(keep.c, carried[0]);
        // Where c was kept, h was computed from another that was not saved; what was saved is then c of the step before.
        if (keep.c != 0) carried[1] = gates[1] * limited(carried[1], args.cellClip) + gates[0] * gates[2];
        carried[0] = cell.computed;
        const Gradient g = LstmBackwardF32::apply(args, gates, before, state.computed, carried);
        carried[0] += cell.before;
        carried[2] = state.before;
        return g;
    }
};

struct ZonedGruBackwardF32 : GruBackwardF32 {
    static constexpr bool kZonesOut = true;

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &args, const float *gates, float before, float dh, float *carried, Keep keep) {
        const ZoneoutGradient state = zonedOutGradient(keep.h, dh);
        const Gradient g = GruBackwardF32::apply(args, gates, before, state.computed, carried);
        carried[0] += state.before;
        return g;
    }
};

struct ZonedRnnBackwardF32 : RnnBackwardF32 {
    static constexpr bool kZonesOut = true;
    static constexpr int kCarriedFloats = 1; // the part of dh that bypasses the cell

    static __device__ __forceinline__ float besides(const float *carried) { return carried[0]; }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &args, const float *gates, float y, float dh, float *carried, Keep keep) {
        const ZoneoutGradient state = zonedOutGradient(keep.h, dh);
        carried[0] = state.before;
        return RnnBackwardF32::apply(args, gates, y, state.computed, carried);
    }
};

} // namespace frnn
