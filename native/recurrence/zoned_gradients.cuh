// Backward cells of 16-bit storage around which states zone out: what of dh and dc the cell computed goes through it, what a
// unit kept goes to the step before as it is.
#pragma once

#include "half_cells.cuh"
#include "zoneout_draw.cuh"

namespace frnn {

template <class Cell>
struct ZonedLstmGradient : Cell {
    static constexpr bool kZonesOut = true;
    static constexpr int kCarriedFloats = 3; // behind those of the cell: the part of dh that bypasses it

    struct Prepared : Cell::Prepared {
        float keptDc, bypass;
        bool keepsState;
        __device__ __forceinline__ float besides() const { return bypass; }
    };
    using Gradient = typename Cell::Gradient;

    static __device__ __forceinline__ float besides(const float *carried) { return carried[2]; }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &args, const typename Cell::Saved &s, const float *carried, Keep keep) {
        // Where c was kept, h was computed from another that was not saved; what was saved is then c of the step before.
        const float c = keep.c == 0 ? carried[1]
                                    : fmaf(Type::high(s.gates.x), limited(carried[1], args.cellClip), Type::low(s.gates.x) * Type::low(s.gates.y));
        const ZoneoutGradient dc = zonedOutGradient(keep.c, carried[0]);
        Prepared p;
        static_cast<typename Cell::Prepared &>(p) = Cell::template prepared<Type>(args, s.gates, c, Cell::cellBefore(s), s.dy, dc.computed);
        p.keptDc = dc.before;
        p.bypass = carried[2];
        p.keepsState = keep.h != 0;
        return p;
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float *carried) {
        const ZoneoutGradient split = zonedOutGradient(p.keepsState, dh + p.dy);
        const Gradient g = Cell::template gradientOfWhole<Type>(p, split.computed, carried);
        carried[0] += p.keptDc;
        carried[2] = split.before;
        return real ? g : Gradient{};
    }
};

template <class Cell>
struct ZonedGruGradient : Cell {
    static constexpr bool kZonesOut = true;

    struct Prepared : Cell::Prepared {
        bool keepsState;
    };
    using Gradient = typename Cell::Gradient;

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &, const typename Cell::Saved &s, const float *carried, Keep keep) {
        Prepared p;
        static_cast<typename Cell::Prepared &>(p) = Cell::template prepared<Type>(s.gates, s.previousState, s.dy, carried);
        p.keepsState = keep.h != 0;
        return p;
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float *carried) {
        const ZoneoutGradient split = zonedOutGradient(p.keepsState, dh + p.dy);
        const Gradient g = Cell::template gradientOfWhole<Type>(p, split.computed, carried);
        carried[0] += split.before;
        return real ? g : Gradient{};
    }
};

template <class Cell>
struct ZonedRnnGradient : Cell {
    static constexpr bool kZonesOut = true;
    static constexpr int kCarriedFloats = 1; // the part of dh that bypasses the cell

    struct Prepared : Cell::Prepared {
        float bypass;
        bool keepsState;
        __device__ __forceinline__ float besides() const { return bypass; }
    };
    using Gradient = typename Cell::Gradient;

    static __device__ __forceinline__ float besides(const float *carried) { return carried[0]; }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &args, const typename Cell::Saved &s, const float *carried, Keep keep) {
        Prepared p;
        static_cast<typename Cell::Prepared &>(p) = Cell::template prepare<Type>(args, s, carried);
        p.bypass = carried[0];
        p.keepsState = keep.h != 0;
        return p;
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float *carried) {
        const ZoneoutGradient split = zonedOutGradient(p.keepsState, dh + p.dy);
        carried[0] = split.before;
        return {real ? Type::bits(split.computed * p.slope) : uint16_t(0)};
    }
};

} // namespace frnn
