/* For tests of fault handling only: breaks the CUDA context of the process on purpose. */
#ifndef FUSEDRNN_DIAGNOSTIC_H
#define FUSEDRNN_DIAGNOSTIC_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Queues a kernel that writes to an address no allocation holds: every later CUDA call of the process fails. */
FRNN_EXPORT int32_t frnn_wild_write(uint64_t stream, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
