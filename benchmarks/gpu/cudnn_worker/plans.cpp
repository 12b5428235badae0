#include "plans.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "device.h"
#include "tensor_file.h"

namespace cudnn_worker {

namespace {

constexpr double kSampleSeconds = 0.005;
constexpr int kLeastSamples = 3, kMostPasses = 2000;
// An algorithm whose first pass takes so many times the fastest's is not tried further.
constexpr double kHopeless = 6;

constexpr struct {
    const char *name;
    cudnnRNNAlgo_t algorithm;
} kAlgorithms[] = {{"standard", CUDNN_RNN_ALGO_STANDARD},
                   {"persist_static", CUDNN_RNN_ALGO_PERSIST_STATIC},
                   {"persist_dynamic", CUDNN_RNN_ALGO_PERSIST_DYNAMIC},
                   {"small_h", CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H}};

bool endsWith(const std::string &text, const std::string &suffix) {
    return text.size() > suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

}  // namespace

Plans::Plans(const std::string &path, bool inference, cudnnHandle_t handle, cudaStream_t stream) : handle_(handle), stream_(stream) {
    TensorFile file(path);
    sizes_ = std::make_unique<Sizes>(file, inference);
    tensors_ = std::make_unique<Tensors>(file, *sizes_);
    for (const auto &a : kAlgorithms) tryOut(a.name, a.algorithm, file);
    keepFastest("-stream");
    keepFastest("-graph");
}

void Plans::tryOut(const std::string &name, cudnnRNNAlgo_t algorithm, TensorFile &file) {
    try {
        auto layer = std::make_unique<Layer>(handle_, stream_, *sizes_, *tensors_, file, algorithm);
        layer->run();
        TRY(cudaStreamSynchronize(stream_));
        Layer *made = layer.get();
        layers_.push_back(std::move(layer));
        first_[name + "-stream"] = quick([made] { made->run(); });
        plans_[name + "-stream"] = {made, false};
        for (const auto &other : first_) {
            if (first_[name + "-stream"] > kHopeless * other.second) return;
        }
        made->record();
        first_[name + "-graph"] = quick([made] { made->replay(); });
        plans_[name + "-graph"] = {made, true};
    } catch (const std::exception &failed) {
        // A failed launch is forgotten; one that broke the device shows at the next call.
        cudaDeviceSynchronize();
        cudaGetLastError();
        refused_[name] = failed.what();
    }
}

void Plans::keepFastest(const std::string &suffix) {
    std::string fastest;
    for (const auto &f : first_) {
        if (endsWith(f.first, suffix) && (fastest.empty() || f.second < first_.at(fastest))) fastest = f.first;
    }
    for (const auto &f : first_) {
        if (f.first == fastest || !endsWith(f.first, suffix)) continue;
        char text[80];
        snprintf(text, sizeof text, "slower: %.4f ms, %s %.4f ms", f.second, fastest.c_str(), first_.at(fastest));
        refused_[f.first] = text;
        plans_.erase(f.first);
    }
}

std::vector<std::string> Plans::names() const {
    std::vector<std::string> names;
    for (const auto &plan : plans_) names.push_back(plan.first);
    return names;
}

void Plans::write(const std::string &name, const std::string &path) {
    Plan &plan = plans_.at(name);
    run(plan);
    TRY(cudaStreamSynchronize(stream_));
    plan.layer->write(path);
}

Milliseconds Plans::quick(const std::function<void()> &pass) {
    pass();
    Milliseconds best = 1e30;
    for (int i = 0; i < 3; i++) best = std::min(best, sample(pass, 1));
    return best;
}

Milliseconds Plans::sample(const std::function<void()> &pass, int passes) {
    TRY(cudaStreamSynchronize(stream_));
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < passes; i++) pass();
    TRY(cudaStreamSynchronize(stream_));
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / passes;
}

// The same as PassClock.java.
std::vector<Milliseconds> Plans::time(const std::string &name, double seconds) {
    Plan &plan = plans_.at(name);
    const auto pass = [&plan] { run(plan); };
    if (plan.passes == 0) {
        const Milliseconds first = std::min(sample(pass, 1), sample(pass, 1));
        plan.passes = std::max(1, std::min(kMostPasses, int(std::ceil(kSampleSeconds * 1e3 / first))));
    }
    std::vector<Milliseconds> samples;
    Milliseconds spent = 0;
    while (samples.size() < kLeastSamples || spent < seconds * 1e3) {
        samples.push_back(sample(pass, plan.passes));
        spent += samples.back() * plan.passes;
    }
    return samples;
}

}  // namespace cudnn_worker
