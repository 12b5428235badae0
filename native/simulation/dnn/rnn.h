// Descriptors of recurrent stacks and their data.
#pragma once

#include "handle.h"
#include "stack.h"

struct cudnnRNNStruct {
    bool set = false;
    int algorithm = CUDNN_RNN_ALGO_STANDARD;
    bool padded = false;
    int builtFor = 0;  // minibatch that the dynamic algorithm was prepared for
    simulation::dnn::Stack stack;
    simulation::dnn::WeightSpace space;
};

struct cudnnRNNDataStruct {
    int type = -1;
    int64_t features = 0;
    simulation::dnn::Rows rows;
    bool fills = false;
    alignas(float) char padding[4] = {};
};

namespace simulation::dnn {

// The simulation's number of a cudnnDataType_t; -1: not computed here.
int typeOf(int dataType);

struct Sizes {
    size_t workspace;
    size_t reserve;
};

Sizes sizesOf(const cudnnRNNStruct &rnn, int64_t steps, int64_t batch);

// Whether cuDNN would run this stack on this data; says why not.
cudnnStatus_t checkRun(const char *function, cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnRNNDataDescriptor_t x);

}  // namespace simulation::dnn
