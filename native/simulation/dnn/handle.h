// What the parts of the stand-in for cuDNN share: a handle, and how a call is refused.
#pragma once

#include <string>

#include "cudnn.h"

struct cudnnContext {
    cudaStream_t stream;
    void *own;  // device memory, as cuDNN's handle has some
};

struct cudnnTensorStruct {
    int type = -1;
    int rank = 0;
    int extents[8] = {};
    int strides[8] = {};
};

struct cudnnDropoutStruct {
    bool set = false;
};

namespace simulation::dnn {

// A refusal of one call. What the caller did wrong is said on stderr too; what is only not supported callers may ask for.
cudnnStatus_t refuse(cudnnStatus_t status, const char *function, const std::string &why);

}  // namespace simulation::dnn
