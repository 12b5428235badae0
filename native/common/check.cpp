#include "check.h"

#include <cstdarg>
#include <cstdio>

namespace frnn {

void Check::fail(int32_t status, const char *format, ...) {
    if (!ok()) return;
    status_ = status;
    if (message_ == nullptr) return;
    int used = std::snprintf(message_->text, sizeof(message_->text), "%s: ", function_);
    if (used < 0 || used >= static_cast<int>(sizeof(message_->text))) return;
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message_->text + used, sizeof(message_->text) - static_cast<size_t>(used), format, arguments);
    va_end(arguments);
}

Check &Check::positive(const char *name, int64_t value) {
    if (value <= 0) fail(FRNN_ERROR_ARGUMENT, "%s is %lld, must be positive", name, static_cast<long long>(value));
    return *this;
}

Check &Check::notNegative(const char *name, int64_t value) {
    if (value < 0) fail(FRNN_ERROR_ARGUMENT, "%s is %lld, must not be negative", name, static_cast<long long>(value));
    return *this;
}

Check &Check::range(const char *name, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high) {
        fail(FRNN_ERROR_ARGUMENT, "%s is %lld, must be %lld to %lld", name, static_cast<long long>(value),
             static_cast<long long>(low), static_cast<long long>(high));
    }
    return *this;
}

Check &Check::real(const char *name, double value, double low, double high) {
    if (!(value >= low && value <= high)) fail(FRNN_ERROR_ARGUMENT, "%s is %g, must be %g to %g", name, value, low, high);
    return *this;
}

Check &Check::pointer(const char *name, uint64_t address, int64_t alignment) {
    if (address == 0) fail(FRNN_ERROR_ARGUMENT, "%s is missing", name);
    return optional(name, address, alignment);
}

Check &Check::optional(const char *name, uint64_t address, int64_t alignment) {
    if (address % static_cast<uint64_t>(alignment) != 0) {
        fail(FRNN_ERROR_ARGUMENT, "%s is not aligned to %lld bytes", name, static_cast<long long>(alignment));
    }
    return *this;
}

Check &Check::absent(const char *name, uint64_t address) {
    if (address != 0) fail(FRNN_ERROR_ARGUMENT, "%s has no meaning here, must be 0", name);
    return *this;
}

Check &Check::floating(const char *name, int32_t type) { return range(name, type, FRNN_F32, FRNN_F16); }

Check &Check::anyType(const char *name, int32_t type) { return range(name, type, FRNN_F32, FRNN_I32); }

void Check::tooMany(const char *name) { fail(FRNN_ERROR_ARGUMENT, "%s has too many elements", name); }

Check &Check::require(bool condition, const char *text) {
    if (!condition) fail(FRNN_ERROR_ARGUMENT, "%s", text);
    return *this;
}

int32_t Check::unsupported(const char *text) {
    fail(FRNN_ERROR_UNSUPPORTED, "%s", text);
    return status_;
}

int32_t Check::cuda(cudaError_t error) {
    if (error != cudaSuccess) {
        fail(FRNN_ERROR_CUDA + static_cast<int32_t>(error), "%s (%s)", cudaGetErrorString(error), cudaGetErrorName(error));
    }
    return status_;
}

}  // namespace frnn
