// Devices, shapes and plans for tests of the persistent recurrence.
#pragma once

#include <cstring>

#include "fusedrnn_recurrence.h"
#include "test.h"

namespace frnn::test {

inline FrnnDeviceLimits hopper(int multiprocessors, int of2, int of4, int of8, int of16) {
    FrnnDeviceLimits l{};
    l.structSize = sizeof(l);
    l.computeMajor = 9;
    l.multiprocessors = multiprocessors;
    l.sharedBytesPerBlock = 232448;
    l.clustersOf2 = of2;
    l.clustersOf4 = of4;
    l.clustersOf8 = of8;
    l.clustersOf16 = of16;
    return l;
}

inline FrnnRecurrenceShape shapeOf(int cell, int pass, int hidden, int64_t batch, int directions) {
    FrnnRecurrenceShape s{};
    s.structSize = sizeof(s);
    s.cell = cell;
    s.dtype = FRNN_BF16;
    s.pass = pass;
    s.directions = directions;
    s.hidden = hidden;
    s.steps = 35;
    s.batch = batch;
    return s;
}

inline FrnnRecurrencePlan planOf(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits) {
    FrnnRecurrencePlan plan{};
    plan.structSize = sizeof(plan);
    FrnnMessage message{};
    EXPECT(frnn_recurrence_plan(&shape, &limits, &plan, &message) == FRNN_OK);
    return plan;
}

inline bool refused(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits, const char *reason) {
    const FrnnRecurrencePlan plan = planOf(shape, limits);
    return plan.kind == FRNN_PLAN_NONE && std::strstr(plan.reason, reason) != nullptr;
}

inline FrnnDeviceLimits h100() {
    return hopper(132, 66, 30, 15, 7);
}

}  // namespace frnn::test
