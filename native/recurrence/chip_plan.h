// The chip-wide part of the plan.
#pragma once

#include "fusedrnn_recurrence.h"

namespace frnn {

// Plans an LSTM or GRU whose recurrent weights are too large for a cluster. Arguments have been looked at; leaves kind as
// FRNN_PLAN_NONE, with a reason, where the chip-wide kernels do not take the shape.
void planChip(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits, FrnnRecurrencePlan &plan);

} // namespace frnn
