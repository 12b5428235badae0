// An access to memory that is not mapped ends the work, not the process: its signal is caught while work runs. Handlers that
// were there before, such as the Java machine's, get everything else.
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "../runtime.h"
#include "schedule.h"

namespace simulation {
namespace {

thread_local sigjmp_buf *landing = nullptr;
thread_local void *faultAddress = nullptr;
struct sigaction previous;

void caught(int signal, siginfo_t *info, void *context) {
    if (landing != nullptr) {
        faultAddress = info->si_addr;
        siglongjmp(*landing, 1);
    }
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
        sigaction(signal, &previous, nullptr);
    } else {
        previous.sa_handler(signal);
    }
}

cudaError_t say(const char *name, cudaError_t error, const char *text) {
    std::fprintf(stderr, "simulated device: %s: %s\n", name, text);
    return error;
}

cudaError_t runCatching(const char *name, const std::function<void()> &body) {
    try {
        body();
        return cudaSuccess;
    } catch (const Fault &fault) {
        return say(name, fault.error, fault.text.c_str());
    } catch (const std::exception &failed) {
        return say(name, cudaErrorLaunchFailure, failed.what());
    }
}

}  // namespace

cudaError_t runGuarded(const char *name, const std::function<void()> &body) {
    struct sigaction own = {};
    own.sa_sigaction = caught;
    own.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&own.sa_mask);
    sigjmp_buf here;
    cudaError_t result;
    sigaction(SIGSEGV, &own, &previous);
    if (sigsetjmp(here, 1) == 0) {
        landing = &here;
        result = runCatching(name, body);
    } else {
        char text[64];
        std::snprintf(text, sizeof(text), "access to address %p, which is not mapped", faultAddress);
        result = say(name, cudaErrorIllegalAddress, text);
    }
    landing = nullptr;
    sigaction(SIGSEGV, &previous, nullptr);
    return result;
}

}  // namespace simulation
