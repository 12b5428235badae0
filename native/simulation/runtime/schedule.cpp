#include "schedule.h"

#include <cstdlib>
#include <utility>

namespace simulation {
namespace {

// More work than this is not left lying, as a real device would not either.
constexpr size_t MOST_PENDING = 512;

constexpr int LONGEST_STRETCH = 200;

uint64_t seed() {
    const char *text = std::getenv("FUSEDRNN_SIMULATION_SEED");
    return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

}  // namespace

Schedule::Schedule() : random_(seed()) {}

Mark Schedule::add(const char *name, Body body, const std::vector<Mark> &needs) {
    while (ready_.size() + waiting_ >= MOST_PENDING) runOne();
    Mark added = std::make_shared<Operation>(Operation{name, std::move(body)});
    for (const Mark &need : needs) {
        if (need == nullptr || need->done) continue;
        need->followers.push_back(added);
        ++added->waitingFor;
    }
    if (added->waitingFor == 0) ready_.push_back(added);
    else ++waiting_;
    return added;
}

void Schedule::finish(const Mark &mark) {
    while (mark != nullptr && !mark->done) runOne();
}

void Schedule::finishAll() {
    while (!ready_.empty()) runOne();
}

void Schedule::runOne() {
    if (stretch_-- == 0) {
        stretch_ = std::uniform_int_distribution<int>(1, LONGEST_STRETCH)(random_);
        newestFirst_ = std::uniform_int_distribution<int>(0, 1)(random_) == 1;
    }
    if (!newestFirst_) {
        const size_t chosen = std::uniform_int_distribution<size_t>(0, ready_.size() - 1)(random_);
        std::swap(ready_[chosen], ready_.back());
    }
    const Mark operation = std::move(ready_.back());
    ready_.pop_back();
    run(*operation);
}

void Schedule::run(Operation &operation) {
    if (operation.body != nullptr && lost_ == cudaSuccess) lost_ = runGuarded(operation.name, *operation.body);
    operation.done = true;
    operation.body.reset();
    for (const Mark &follower : operation.followers) {
        if (--follower->waitingFor > 0) continue;
        --waiting_;
        ready_.push_back(follower);
    }
    operation.followers.clear();
}

}  // namespace simulation
