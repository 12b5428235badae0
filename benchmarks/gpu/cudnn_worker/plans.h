// The plans of a case: each algorithm as a stream and as a graph.
#pragma once

#include <cuda_runtime.h>
#include <cudnn.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "case.h"
#include "layer.h"

namespace cudnn_worker {

using Milliseconds = double;

// Opens a case with all algorithms, tries each a few times and keeps the fastest as a stream and the fastest as a graph.
class Plans {
public:
    Plans(const std::string &path, bool inference, cudnnHandle_t handle, cudaStream_t stream);

    // Names of the plans kept: ALGORITHM-stream, ALGORITHM-graph.
    std::vector<std::string> names() const;

    // Why the others were not kept, by name: cuDNN's reason, or their time.
    const std::map<std::string, std::string> &refused() const { return refused_; }

    // Runs a plan once and writes what it computed.
    void write(const std::string &name, const std::string &path);

    // Times of one pass in at least so many seconds of samples.
    std::vector<Milliseconds> time(const std::string &name, double seconds);

private:
    struct Plan {
        Layer *layer;
        bool graph;
        int passes = 0;
    };

    void tryOut(const std::string &name, cudnnRNNAlgo_t algorithm, TensorFile &file);
    void keepFastest(const std::string &suffix);
    Milliseconds quick(const std::function<void()> &pass);
    Milliseconds sample(const std::function<void()> &pass, int passes);
    static void run(Plan &plan) { plan.graph ? plan.layer->replay() : plan.layer->run(); }

    cudnnHandle_t handle_;
    cudaStream_t stream_;
    std::unique_ptr<Sizes> sizes_;
    std::unique_ptr<Tensors> tensors_;
    std::vector<std::unique_ptr<Layer>> layers_;
    std::map<std::string, Milliseconds> first_;
    std::map<std::string, Plan> plans_;
    std::map<std::string, std::string> refused_;
};

}  // namespace cudnn_worker
