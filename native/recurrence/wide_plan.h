// The part of the plan that is chip-wide for many samples.
#pragma once

#include "fusedrnn_recurrence.h"

namespace frnn {

// Plans an LSTM or GRU for many samples where that is faster than what `plan` says already. Arguments have been looked at;
// where these kernels do not take the shape and nothing else has, the plan says why.
void planWide(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits, FrnnRecurrencePlan &plan);

} // namespace frnn
