// Work of the simulated device: operations that wait for others, run one at a time in a random order that their waiting allows.
// What a program forgot to order does therefore not come in the order in which it was queued. For stretches of random length
// what became ready last runs first: then one branch runs through while all others stand still.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace simulation {

using Body = std::shared_ptr<const std::function<void()>>;

struct Operation {
    const char *name;
    Body body;  // none: a place where others meet
    int waitingFor = 0;
    bool done = false;
    std::vector<std::shared_ptr<Operation>> followers = {};
};

// A point in the device's work that can be waited for; none: the beginning.
using Mark = std::shared_ptr<Operation>;

class Schedule {
public:
    Schedule();

    Mark add(const char *name, Body body, const std::vector<Mark> &needs);
    // Runs work until `mark` is done.
    void finish(const Mark &mark);
    void finishAll();
    // What broke the device, or success.
    cudaError_t lost() const { return lost_; }

private:
    void runOne();
    void run(Operation &operation);

    std::mt19937_64 random_;
    std::vector<Mark> ready_;
    size_t waiting_ = 0;  // operations that are not ready
    int stretch_ = 0;     // operations until the way of choosing is drawn anew
    bool newestFirst_ = false;
    cudaError_t lost_ = cudaSuccess;
};

// Runs `body`; returns what it was broken off for, and says so on stderr: a fault it threw, or an address that is not mapped.
cudaError_t runGuarded(const char *name, const std::function<void()> &body);

}  // namespace simulation
