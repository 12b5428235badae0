// Stand-in for cuBLASLt: the part that the project's matrix products use, with the refusals that cuBLASLt gives.
#include <cuda_runtime_api.h>

#include <cstring>

#include "../runtime.h"
#include "product.h"

using namespace simulation;

namespace {

constexpr size_t VERSION = 130000;

enum Status : int { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, NOT_SUPPORTED = 15, EXECUTION_FAILED = 13 };
enum ComputeType : int { COMPUTE_32F = 68, COMPUTE_32F_FAST_TF32 = 77 };
enum DescriptorAttribute : int { TRANSPOSE_A = 3, TRANSPOSE_B = 4, EPILOGUE = 7, BIAS_POINTER = 8, BIAS_TYPE = 26 };
enum PreferenceAttribute : int { WORKSPACE_BYTES = 1, REDUCTION_SCHEMES = 3, ALIGNMENT_A = 5, ALIGNMENT_D = 8 };
enum Epilogue : int { PLAIN = 1, WITH_BIAS = 4 };

struct Descriptor {
    int compute;
    int scale;
    int transposeA = 0;
    int transposeB = 0;
    int epilogue = PLAIN;
    const void *bias = nullptr;
    int biasType = -1;  // that of the result
};

struct Preference {
    uint64_t workspace = 0;
    uint32_t alignment[4] = {256, 256, 256, 256};  // of a, b, c, d
};

// What the caller keeps of a choice; valid for the sizes, types and alignment it was made for.
struct Algorithm {
    uint64_t mark;
    uint64_t workspace;
    uint32_t alignment[4];
    uint64_t sizes;
    uint64_t unused[3];
};
static_assert(sizeof(Algorithm) == 64, "as cublasLtMatmulAlgo_t");

struct Choice {
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(Choice) == 96, "as cublasLtMatmulHeuristicResult_t");

constexpr uint64_t MARK = 0x6c746d6f636b7570u;

// Asked for by every product, so that a caller has to bring it.
constexpr uint64_t WORKSPACE = 4096;

bool known(int type) { return type == F32 || type == F16 || type == BF16; }

// Whether the sizes, types and options fit together.
bool legal(const Descriptor &op, const Matrix &a, const Matrix &b, const Matrix &c, const Matrix &d) {
    const int64_t m = op.transposeA ? a.columns : a.rows, k = op.transposeA ? a.rows : a.columns;
    const int64_t otherK = op.transposeB ? b.columns : b.rows, n = op.transposeB ? b.rows : b.columns;
    return k == otherK && d.rows == m && d.columns == n && c.rows == m && c.columns == n && a.type == b.type && c.type == d.type &&
           (d.type == a.type || d.type == F32);
}

bool supported(const Descriptor &op, const Matrix &a) {
    const bool tf32 = op.compute == COMPUTE_32F_FAST_TF32;
    return (op.compute == COMPUTE_32F || (tf32 && a.type == F32)) && op.scale == F32 && (op.epilogue == PLAIN || op.epilogue == WITH_BIAS);
}

uint64_t mixed(const Descriptor &op, const Matrix &a, const Matrix &b, const Matrix &d) {
    uint64_t hash = 1469598103934665603u;
    for (const Matrix *matrix : {&a, &b, &d}) {
        for (int64_t value : {int64_t(matrix->type), matrix->rows, matrix->columns, matrix->stride}) hash = (hash ^ uint64_t(value)) * 1099511628211u;
    }
    for (int value : {op.compute, op.transposeA, op.transposeB, op.epilogue}) hash = (hash ^ uint64_t(value)) * 1099511628211u;
    return hash;
}

bool aligned(const void *address, uint64_t bytes) { return reinterpret_cast<uintptr_t>(address) % bytes == 0; }

template <typename Value>
Status set(Value &value, const void *from, size_t bytes) {
    if (from == nullptr || bytes != sizeof(Value)) return INVALID_VALUE;
    std::memcpy(&value, from, bytes);
    return SUCCESS;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion(void) { return VERSION; }

const char *cublasLtGetStatusName(int status) {
    switch (status) {
        case SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "a status this library never gives";
    }
}

int cublasLtCreate(void **handle) {
    *handle = new int(0);
    return SUCCESS;
}

int cublasLtDestroy(void *handle) {
    delete static_cast<int *>(handle);
    return SUCCESS;
}

int cublasLtMatmulDescCreate(Descriptor **created, int compute, int scale) {
    *created = new Descriptor{compute, scale};
    return SUCCESS;
}

int cublasLtMatmulDescDestroy(Descriptor *descriptor) {
    delete descriptor;
    return SUCCESS;
}

int cublasLtMatmulDescSetAttribute(Descriptor *descriptor, int attribute, const void *value, size_t bytes) {
    switch (attribute) {
        case TRANSPOSE_A: return set(descriptor->transposeA, value, bytes);
        case TRANSPOSE_B: return set(descriptor->transposeB, value, bytes);
        case EPILOGUE: return set(descriptor->epilogue, value, bytes);
        case BIAS_POINTER: return set(descriptor->bias, value, bytes);
        case BIAS_TYPE: return set(descriptor->biasType, value, bytes);
        default: return INVALID_VALUE;
    }
}

int cublasLtMatrixLayoutCreate(Matrix **created, int type, uint64_t rows, uint64_t columns, int64_t stride) {
    if (!known(type) || rows == 0 || columns == 0 || stride < static_cast<int64_t>(rows)) return INVALID_VALUE;
    *created = new Matrix{type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), stride};
    return SUCCESS;
}

int cublasLtMatrixLayoutDestroy(Matrix *layout) {
    delete layout;
    return SUCCESS;
}

int cublasLtMatmulPreferenceCreate(Preference **created) {
    *created = new Preference;
    return SUCCESS;
}

int cublasLtMatmulPreferenceDestroy(Preference *preference) {
    delete preference;
    return SUCCESS;
}

int cublasLtMatmulPreferenceSetAttribute(Preference *preference, int attribute, const void *value, size_t bytes) {
    uint32_t ignored;
    if (attribute == WORKSPACE_BYTES) return set(preference->workspace, value, bytes);
    if (attribute == REDUCTION_SCHEMES) return set(ignored, value, bytes);
    if (attribute < ALIGNMENT_A || attribute > ALIGNMENT_D) return INVALID_VALUE;
    return set(preference->alignment[attribute - ALIGNMENT_A], value, bytes);
}

int cublasLtMatmulAlgoGetHeuristic(void *handle, const Descriptor *op, const Matrix *a, const Matrix *b, const Matrix *c, const Matrix *d,
                                   const Preference *preference, int wanted, Choice *choices, int *found) {
    if (handle == nullptr) return NOT_INITIALIZED;
    *found = 0;
    if (wanted < 1 || !legal(*op, *a, *b, *c, *d)) return INVALID_VALUE;
    if (!supported(*op, *a) || preference->workspace < WORKSPACE) return NOT_SUPPORTED;
    choices[0] = {};
    choices[0].algorithm.mark = MARK;
    choices[0].algorithm.workspace = choices[0].workspace = WORKSPACE;
    choices[0].algorithm.sizes = mixed(*op, *a, *b, *d);
    std::memcpy(choices[0].algorithm.alignment, preference->alignment, sizeof(preference->alignment));
    choices[0].waves = 1;
    *found = 1;
    return SUCCESS;
}

int cublasLtMatmul(void *handle, const Descriptor *op, const float *alpha, const void *aAt, const Matrix *a, const void *bAt, const Matrix *b,
                   const float *beta, const void *cAt, const Matrix *c, void *dAt, const Matrix *d, const Algorithm *algorithm,
                   void *workspace, size_t workspaceBytes, cudaStream_t stream) {
    if (handle == nullptr) return NOT_INITIALIZED;
    if (!legal(*op, *a, *b, *c, *d) || algorithm->mark != MARK || algorithm->sizes != mixed(*op, *a, *b, *d)) return INVALID_VALUE;
    if (workspaceBytes < algorithm->workspace || workspace == nullptr || !aligned(workspace, 256)) return INVALID_VALUE;
    const bool biased = op->epilogue == WITH_BIAS;
    const int biasType = op->biasType < 0 ? d->type : op->biasType;
    if (biased && (op->bias == nullptr || !known(biasType) || !aligned(op->bias, typeBytes(biasType)))) return INVALID_VALUE;
    const void *const operands[] = {aAt, bAt, cAt, dAt};
    for (int i = 0; i < 4; ++i) {
        if (operands[i] == nullptr || !aligned(operands[i], algorithm->alignment[i])) return INVALID_VALUE;
    }
    const Product product = {*a, *b, *c, *d, op->transposeA != 0, op->transposeB != 0, op->compute == COMPUTE_32F_FAST_TF32, *alpha, *beta,
                             aAt, bAt, cAt, dAt, biased ? op->bias : nullptr, biasType};
    const cudaError_t queued = enqueueWork(stream, "matrix product", [product, workspace, workspaceBytes] {
        // Whatever lay there is gone, as after a product that uses it.
        std::memset(workspace, 0xFF, WORKSPACE < workspaceBytes ? WORKSPACE : workspaceBytes);
        multiply(product);
    });
    return queued == cudaSuccess ? SUCCESS : EXECUTION_FAILED;
}

}  // extern "C"
