/* Status codes, element types and cells: the words all other headers use. */
#ifndef FUSEDRNN_TYPES_H
#define FUSEDRNN_TYPES_H

#include <stdint.h>

#if defined(__GNUC__)
#define FRNN_EXPORT __attribute__((visibility("default")))
#else
#define FRNN_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a struct or a meaning changes; compared when the library is loaded. */
#define FRNN_ABI_VERSION 11

enum FrnnStatus {
    FRNN_OK = 0,
    /* The caller's mistake: a size, a type or a missing pointer; the message names the member. Nothing was queued. */
    FRNN_ERROR_ARGUMENT = 1,
    /* Legal, but not on this device or not in this build; the message says why. Nothing was queued. */
    FRNN_ERROR_UNSUPPORTED = 2,
    /* FRNN_ERROR_CUDA + e: the CUDA runtime answered e. */
    FRNN_ERROR_CUDA = 1000
};

enum FrnnType { FRNN_F32 = 0, FRNN_BF16 = 1, FRNN_F16 = 2, FRNN_I32 = 3 };

enum FrnnCell {
    FRNN_RNN_TANH = 0,
    FRNN_RNN_RELU = 1,
    FRNN_LSTM = 2,
    /* n = tanh(xn + r * (Wn h + bHn)) */
    FRNN_GRU_RESET_AFTER = 3,
    /* n = tanh(xn + Wn (r * h)) */
    FRNN_GRU_RESET_BEFORE = 4
};

/* What a kernel leaves in a device error word (uint32, zeroed by the caller). */
enum FrnnErrorWord {
    FRNN_WORD_NONE = 0,
    /* A bounded wait for another block ran out. */
    FRNN_WORD_TIMEOUT = 1,
    /* An id was outside the table. */
    FRNN_WORD_INDEX = 2
};

/* Where a failing call explains itself: zero-terminated text in the caller's memory (host). */
typedef struct FrnnMessage {
    char text[256];
} FrnnMessage;

#ifdef __cplusplus
}
#endif

#endif
