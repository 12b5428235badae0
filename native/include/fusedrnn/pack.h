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

/*
 * packed[row(u,g), k] = (packedType) flat[g*H+u, k]; zeros in all else of the packed matrix, whose rows may be longer and more, so
 * that every row of what a product reads begins at a multiple of 16 bytes. With one gate: a copy of rows of any meaning.
 */
typedef struct FrnnPackRowsParams {
    uint32_t structSize;
    int32_t flatType;   /* F32, BF16 or F16 */
    int32_t packedType; /* F32, BF16 or F16 */
    int32_t rows;       /* FrnnRows */
    int64_t gates;      /* G, 1..8; 3 with FRNN_ROWS_RESET_BEFORE */
    int64_t hidden;     /* H */
    int64_t columns;    /* C for W_ih, H or P for W_hh */
    int64_t packedRows; /* at least G*H */
    int64_t packedStride; /* elements from packed row to packed row, at least columns */
    uint64_t flat;      /* read [G*H, columns] */
    uint64_t packed;    /* written [packedRows, packedStride] */
    uint64_t stream;
} FrnnPackRowsParams;

FRNN_EXPORT int32_t frnn_pack_rows(const FrnnPackRowsParams *params, FrnnMessage *message);

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

/* The way back, for gradients (columns = 1 for bias gradients): flat[g*H+u, k] (+)= packed[row(u,g), k] */
typedef struct FrnnUnpackRowsParams {
    uint32_t structSize;
    int32_t packedType;
    int32_t flatType;
    int32_t rows;
    int64_t gates;
    int64_t hidden;
    int64_t columns;
    int32_t accumulate; /* 1: add to flat, 0: overwrite */
    int32_t reserved;
    int64_t packedStride; /* elements from packed row to packed row, at least columns */
    uint64_t packed;    /* read [H*G, packedStride] */
    uint64_t flat;      /* written, read too if accumulate [G*H, columns] */
    uint64_t stream;
} FrnnUnpackRowsParams;

FRNN_EXPORT int32_t frnn_unpack_rows(const FrnnUnpackRowsParams *params, FrnnMessage *message);

/*
 * The bias of the input GEMM, interleaved [H, G] with zeros behind: bIh + bHh, except for n of FRNN_GRU_RESET_AFTER, where bHh acts inside
 * the reset and is put into bHn instead.
 */
typedef struct FrnnPackBiasParams {
    uint32_t structSize;
    int32_t cell;     /* FrnnCell */
    int32_t flatType; /* of bIh and bHh */
    int32_t biasType; /* of bias */
    int64_t hidden;
    int64_t biasCount; /* at least G*H */
    uint64_t bIh;     /* read [G*H]; 0: zeros */
    uint64_t bHh;     /* read [G*H]; 0: zeros */
    uint64_t bias;    /* written [biasCount] */
    uint64_t bHn;     /* written F32 [H], FRNN_GRU_RESET_AFTER only, else 0 */
    uint64_t stream;
} FrnnPackBiasParams;

FRNN_EXPORT int32_t frnn_pack_bias(const FrnnPackBiasParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
