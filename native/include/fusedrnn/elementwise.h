/* Fill, copy with conversion, and sums of tensors. */
#ifndef FUSEDRNN_ELEMENTWISE_H
#define FUSEDRNN_ELEMENTWISE_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x[i] = value */
typedef struct FrnnFillParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16, F16 or I32 */
    int64_t count;
    double value; /* converted to the type; for I32 an exact integer */
    uint64_t x;   /* written [count] */
    uint64_t stream;
} FrnnFillParams;

FRNN_EXPORT int32_t frnn_fill(const FrnnFillParams *params, FrnnMessage *message);

/* to[r*toStride+c] = (toType) from[r*fromStride+c]; round to nearest even. I32 only to I32. */
typedef struct FrnnConvertParams {
    uint32_t structSize;
    int32_t fromType;
    int32_t toType;
    int32_t reserved;
    int64_t rows;
    int64_t columns;
    int64_t fromStride; /* elements from row to row, at least columns; 0: one row for all */
    int64_t toStride;   /* elements from row to row, at least columns */
    uint64_t from;      /* read; may be `to` if types and strides are equal */
    uint64_t to;        /* written; between rows nothing is touched */
    uint64_t stream;
} FrnnConvertParams;

FRNN_EXPORT int32_t frnn_convert(const FrnnConvertParams *params, FrnnMessage *message);

/* y[i] = (yType) (y[i] + alpha * x[i]) */
typedef struct FrnnAddScaledParams {
    uint32_t structSize;
    int32_t yType; /* F32, BF16 or F16 */
    int32_t xType; /* F32, BF16 or F16 */
    float alpha;
    int64_t count;
    uint64_t x; /* read [count] */
    uint64_t y; /* read and written [count] */
    uint64_t stream;
} FrnnAddScaledParams;

FRNN_EXPORT int32_t frnn_add_scaled(const FrnnAddScaledParams *params, FrnnMessage *message);

/* y[i] = (type) (y[i] * scale[0]) */
typedef struct FrnnScaleParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16 or F16 */
    int64_t count;
    uint64_t scale; /* read F32 [1] */
    uint64_t y;     /* read and written [count] */
    uint64_t stream;
} FrnnScaleParams;

FRNN_EXPORT int32_t frnn_scale(const FrnnScaleParams *params, FrnnMessage *message);

/* matrix[m,n] = (matrixType) (matrix[m,n] + row[n]) */
typedef struct FrnnAddRowParams {
    uint32_t structSize;
    int32_t matrixType; /* F32, BF16 or F16 */
    int32_t rowType;    /* F32, BF16 or F16 */
    int32_t reserved;
    int64_t rows;
    int64_t columns;
    uint64_t matrix; /* read and written [rows, columns] */
    uint64_t row;    /* read [columns] */
    uint64_t stream;
} FrnnAddRowParams;

FRNN_EXPORT int32_t frnn_add_row(const FrnnAddRowParams *params, FrnnMessage *message);

/* x[0] += value, for counters that a recorded graph advances */
typedef struct FrnnAdvanceParams {
    uint32_t structSize;
    int32_t type; /* I32 or F32 */
    double value; /* for I32 an exact integer; wraps */
    uint64_t x;   /* read and written [1] */
    uint64_t stream;
} FrnnAdvanceParams;

FRNN_EXPORT int32_t frnn_advance(const FrnnAdvanceParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
