/*
 * Weights between the flat parameter layout (gate-major, as PyTorch and cuDNN: row g*H+u) and the kernels' layout.
 *
 * FRNN_ROWS_INTERLEAVED: packed row u*G+g, so that one thread holds all gates of a unit.
 * FRNN_ROWS_RESET_BEFORE: recurrent weights of the GRU that resets before the product: rows u*2+g for g in {r, z}, then
 * row 2*H+u for n, because n's product runs in a second GEMM over r*h.
 */
#ifndef FUSEDRNN_PACK_H
#define FUSEDRNN_PACK_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum FrnnRows { FRNN_ROWS_INTERLEAVED = 0, FRNN_ROWS_RESET_BEFORE = 1 };

/* The most matrices of one launch. */
#define FRNN_MOST_JOBS 32

/*
 * One matrix to pack: packed[row(u,g), k] = (packedType) (flat[g*H+u, k] + added[g*H+u, k]); zeros in all else of the packed matrix,
 * whose rows may be longer and more, so that every row of what a product reads begins at a multiple of 16 bytes. With one gate: a
 * copy of rows of any meaning.
 *
 * A bias is a matrix of one column: the input product's is bIh + bHh, except for n of FRNN_GRU_RESET_AFTER, where bHh acts inside the
 * reset and stays apart.
 */
typedef struct FrnnPackJob {
    int32_t rows;         /* FrnnRows */
    int32_t reserved;
    int64_t gates;        /* G, 1..8; 3 with FRNN_ROWS_RESET_BEFORE */
    int64_t hidden;       /* H */
    int64_t columns;      /* C for W_ih, H or P for W_hh, 1 for a bias */
    int64_t packedRows;   /* at least G*H */
    int64_t packedStride; /* elements from packed row to packed row, at least columns */
    uint64_t flat;        /* read [G*H, columns]; 0: zeros */
    uint64_t added;       /* read [G*H, columns]; 0: zeros */
    uint64_t apart;       /* written F32 [H, columns]: the last gate's rows of added, which are not added to flat then; 0: none is kept apart */
    uint64_t packed;      /* written [packedRows, packedStride] */
} FrnnPackJob;

/* Packs some matrices in one launch. */
typedef struct FrnnPackParams {
    uint32_t structSize;
    int32_t flatType;   /* of flat and added: F32, BF16 or F16 */
    int32_t packedType; /* F32, BF16 or F16 */
    int32_t count;      /* 1..FRNN_MOST_JOBS */
    FrnnPackJob jobs[FRNN_MOST_JOBS];
    uint64_t stream;
} FrnnPackParams;

FRNN_EXPORT int32_t frnn_pack(const FrnnPackParams *params, FrnnMessage *message);

/* to[column, row] = from[row, column], all of one type */
typedef struct FrnnTransposeParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16 or F16 */
    int64_t rows;
    int64_t columns;
    uint64_t from; /* read [rows, columns] */
    uint64_t to;   /* written [columns, rows] */
    uint64_t stream;
} FrnnTransposeParams;

FRNN_EXPORT int32_t frnn_transpose(const FrnnTransposeParams *params, FrnnMessage *message);

/* The way back of one matrix, for gradients (columns = 1 for bias gradients): flat[g*H+u, k] (+)= packed[row(u,g), k] */
typedef struct FrnnUnpackJob {
    int32_t rows;         /* FrnnRows */
    int32_t reserved;
    int64_t gates;        /* as in FrnnPackJob */
    int64_t hidden;
    int64_t columns;
    int64_t packedStride; /* elements from packed row to packed row, at least columns */
    uint64_t packed;      /* read [H*G, packedStride] */
    uint64_t flat;        /* written, read too if accumulate [G*H, columns] */
    uint64_t second;      /* the same once more, for two parameters with one gradient; 0: none */
} FrnnUnpackJob;

/* Unpacks some matrices in one launch. */
typedef struct FrnnUnpackParams {
    uint32_t structSize;
    int32_t packedType; /* F32, BF16 or F16 */
    int32_t flatType;   /* F32, BF16 or F16 */
    int32_t accumulate; /* 1: add to flat and second, 0: overwrite */
    int32_t count;      /* 1..FRNN_MOST_JOBS */
    int32_t reserved;
    FrnnUnpackJob jobs[FRNN_MOST_JOBS];
    uint64_t stream;
} FrnnUnpackParams;

FRNN_EXPORT int32_t frnn_unpack(const FrnnUnpackParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
