// Records when the GPU was busy in any process: CUDA loads this library where CUDA_INJECTION64_PATH names it, and at the
// process' end every kernel, copy and fill is written to the file that FUSEDRNN_ACTIVITY names, one a line:
//
//   clock GPU HOST       the GPU's time stamps and the system's monotonic clock at one moment, nanoseconds; first and last
//   kernel BEGIN END NAME
//   copy BEGIN END BYTES
//   fill BEGIN END BYTES
//
// ActivityTrace.java reads it. Recording costs time between kernels, so the idle share that it shows is an upper bound.
#include <cuda.h>
#include <cupti.h>
#include <cxxabi.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <unordered_map>

#if CUPTI_API_VERSION >= 130000
using KernelRecord = CUpti_ActivityKernel10;
using CopyRecord = CUpti_ActivityMemcpy6;
#else
using KernelRecord = CUpti_ActivityKernel9;
using CopyRecord = CUpti_ActivityMemcpy5;
#endif
using FillRecord = CUpti_ActivityMemset4;

namespace {

constexpr size_t kBufferBytes = 8u << 20, kAlignment = 8;

std::mutex lock;
FILE *out = nullptr;
std::unordered_map<std::string, std::string> names;

void complain(const char *what, CUptiResult status) {
    const char *reason = "unknown";
    cuptiGetResultString(status, &reason);
    fprintf(stderr, "activity: %s: %s\n", what, reason);
}

// A kernel's name without argument types and template arguments, which can be very long.
const std::string &shortName(const char *mangled) {
    auto found = names.find(mangled);
    if (found != names.end()) return found->second;
    int status = 0;
    char *demangled = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
    const std::string name = demangled ? demangled : mangled;
    free(demangled);
    std::string kept;
    int depth = 0;
    const std::string anonymous = "(anonymous namespace)::";
    for (size_t i = 0; i < name.size(); i++) {
        if (depth == 0 && name.compare(i, anonymous.size(), anonymous) == 0) {
            i += anonymous.size() - 1;
            continue;
        }
        if (name[i] == '<') depth++;
        if (depth == 0 && name[i] == '(') break;
        if (depth == 0) kept += name[i] == ' ' ? '_' : name[i];
        if (name[i] == '>') depth--;
    }
    return names[mangled] = kept.compare(0, 5, "void_") == 0 ? kept.substr(5) : kept;
}

void writeClock() {
    uint64_t device = 0;
    timespec host;
    cuptiGetTimestamp(&device);
    clock_gettime(CLOCK_MONOTONIC, &host);
    fprintf(out, "clock %llu %llu\n", static_cast<unsigned long long>(device),
            static_cast<unsigned long long>(host.tv_sec) * 1000000000ull + static_cast<unsigned long long>(host.tv_nsec));
}

void write(const CUpti_Activity *record) {
    switch (record->kind) {
    case CUPTI_ACTIVITY_KIND_KERNEL:
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL: {
        const auto *k = reinterpret_cast<const KernelRecord *>(record);
        fprintf(out, "kernel %llu %llu %s\n", static_cast<unsigned long long>(k->start), static_cast<unsigned long long>(k->end),
                shortName(k->name).c_str());
        break;
    }
    case CUPTI_ACTIVITY_KIND_MEMCPY: {
        const auto *c = reinterpret_cast<const CopyRecord *>(record);
        fprintf(out, "copy %llu %llu %llu\n", static_cast<unsigned long long>(c->start), static_cast<unsigned long long>(c->end),
                static_cast<unsigned long long>(c->bytes));
        break;
    }
    case CUPTI_ACTIVITY_KIND_MEMSET: {
        const auto *f = reinterpret_cast<const FillRecord *>(record);
        fprintf(out, "fill %llu %llu %llu\n", static_cast<unsigned long long>(f->start), static_cast<unsigned long long>(f->end),
                static_cast<unsigned long long>(f->bytes));
        break;
    }
    default:
        break;
    }
}

void CUPTIAPI giveBuffer(uint8_t **buffer, size_t *size, size_t *mostRecords) {
    *buffer = static_cast<uint8_t *>(aligned_alloc(kAlignment, kBufferBytes));
    *size = *buffer ? kBufferBytes : 0;
    *mostRecords = 0;
}

void CUPTIAPI takeBuffer(CUcontext context, uint32_t stream, uint8_t *buffer, size_t, size_t valid) {
    const std::lock_guard<std::mutex> guard(lock);
    CUpti_Activity *record = nullptr;
    while (out && cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) write(record);
    size_t dropped = 0;
    if (cuptiActivityGetNumDroppedRecords(context, stream, &dropped) == CUPTI_SUCCESS && dropped > 0) {
        fprintf(stderr, "activity: %zu records were lost\n", dropped);
    }
    free(buffer);
}

void finish() {
    cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    const std::lock_guard<std::mutex> guard(lock);
    if (out) {
        writeClock();
        fclose(out);
        out = nullptr;
    }
}

} // namespace

// Called by CUDA when a process first uses it.
extern "C" int InitializeInjection() {
    const char *path = getenv("FUSEDRNN_ACTIVITY");
    if (!path || out) return 1;
    out = fopen(path, "w");
    if (!out) {
        fprintf(stderr, "activity: cannot write %s\n", path);
        return 1;
    }
    writeClock();
    CUptiResult status = cuptiActivityRegisterCallbacks(giveBuffer, takeBuffer);
    if (status != CUPTI_SUCCESS) complain("callbacks", status);
    for (CUpti_ActivityKind kind : {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, CUPTI_ACTIVITY_KIND_MEMCPY, CUPTI_ACTIVITY_KIND_MEMSET}) {
        status = cuptiActivityEnable(kind);
        if (status != CUPTI_SUCCESS) complain("recording", status);
    }
    atexit(finish);
    return 1;
}
