/*
 * fusedrnn: the whole C ABI of the native library.
 *
 * Letters: T time steps, N batch, C inputs, H hidden units, D directions (1 or 2), G gates per unit
 * (LSTM 4: i,f,g,o; GRU 3: r,z,n; plain RNN 1), P projection size, M rows, V vocabulary, E embedding size.
 * "S" is the storage type of a call: F32, BF16 or F16. Arithmetic, accumulators, cell states and dh/dc are F32.
 *
 * Rules that hold for every function with a params struct:
 *  - The caller sets structSize to sizeof of the struct; anything else is FRNN_ERROR_ARGUMENT.
 *  - Members named after tensors are device addresses, 0 where the comment allows it. Tensors are dense and row-major
 *    unless a stride is named, and aligned to their element size. Nobody frees, zeroes or keeps them beyond the call's
 *    work on the stream. Tensors that are written may not overlap any other tensor of the call unless the comment says so.
 *  - Work is queued on `stream` (a cudaStream_t as an integer, 0 = default stream) and the call returns at once. Nothing
 *    is allocated and nothing synchronises, so every call can be captured into a CUDA graph.
 *  - The result is FRNN_OK, FRNN_ERROR_ARGUMENT, FRNN_ERROR_UNSUPPORTED, or FRNN_ERROR_CUDA + the cudaError_t of the
 *    launch. `message` is the caller's, may be null, and is written on failure only. Errors of a kernel while it runs
 *    are reported by the next call that synchronises, as always with CUDA.
 *  - Same input, same device, same build: same bits. There are no float atomics.
 *  - Sizes are exact 64-bit integers; a tensor may have more than 2^31 elements.
 */
#ifndef FUSEDRNN_H
#define FUSEDRNN_H

#include "fusedrnn/types.h"

#include "fusedrnn/probe.h"

#include "fusedrnn/pack.h"

#include "fusedrnn/cell.h"

#include "fusedrnn/step.h"

#include "fusedrnn/gates.h"

#include "fusedrnn/sequence.h"

#include "fusedrnn/elementwise.h"

#include "fusedrnn/reduce.h"

#include "fusedrnn/embedding.h"

#include "fusedrnn/loss.h"

#include "fusedrnn/attention.h"

#include "fusedrnn/dropout.h"

#include "fusedrnn/optimizer.h"

#include "fusedrnn/diagnostic.h"

#include "fusedrnn_recurrence.h"

#endif
