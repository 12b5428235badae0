// cuDNN's recurrent layers as a worker process. Commands and replies are those of Worker.java.
//
// Plans: ALGORITHM-stream and ALGORITHM-graph for standard, persist_static, persist_dynamic, small_h. A case is opened with
// all of them; each is run a few times, and the fastest as a stream and the fastest as a graph are offered, the others are
// refused with their time or cuDNN's reason. Weights lie in cuDNN's own layout before anything is timed.
#include <cuda_runtime.h>
#include <cudnn.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "device.h"
#include "plans.h"

namespace cudnn_worker {

namespace {

std::string quoted(const std::string &text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c < ' ' ? ' ' : c;
    }
    return out + '"';
}

// Answers one command after another; a case stays open until the next one or `close`.
class Worker {
public:
    Worker() {
        TRY(cudaStreamCreate(&stream_));
        TRY(cudnnCreate(&handle_));
        TRY(cudnnSetStream(handle_, stream_));
    }

    std::string answer(const std::vector<std::string> &words) {
        if (words.empty()) throw std::runtime_error("an empty command");
        if (words[0] == "describe") return describe();
        if (words[0] == "layer" && words.size() == 3) return open(words[1], words[2] == "inference");
        if (words[0] == "write" && words.size() == 3) {
            opened().write(words[1], words[2]);
            return "{}";
        }
        if (words[0] == "time" && words.size() == 3) return time(words[1], atof(words[2].c_str()));
        if (words[0] == "close") {
            close();
            return "{}";
        }
        throw std::runtime_error("no command " + words[0]);
    }

private:
    static std::string describe() {
        cudaDeviceProp device;
        TRY(cudaGetDeviceProperties(&device, 0));
        int runtime = 0;
        TRY(cudaRuntimeGetVersion(&runtime));
        return "{\"cudnn\":\"" + std::to_string(cudnnGetVersion()) + "\",\"cudaRuntime\":\"" + std::to_string(runtime) +
               "\",\"device\":" + quoted(device.name) + "}";
    }

    std::string open(const std::string &path, bool inference) {
        close();
        plans_ = std::make_unique<Plans>(path, inference, handle_, stream_);
        std::string out = "{\"plans\":[";
        for (const std::string &name : plans_->names()) out += (out.back() == '[' ? "" : ",") + quoted(name);
        out += "],\"refused\":{";
        for (const auto &r : plans_->refused()) out += (out.back() == '{' ? "" : ",") + quoted(r.first) + ":" + quoted(r.second);
        return out + "}}";
    }

    std::string time(const std::string &name, double seconds) {
        std::string out = "{\"ms\":[";
        for (Milliseconds taken : opened().time(name, seconds)) {
            char text[40];
            snprintf(text, sizeof text, "%s%.7f", out.back() == '[' ? "" : ",", taken);
            out += text;
        }
        return out + "]}";
    }

    Plans &opened() {
        if (!plans_) throw std::runtime_error("no case is open");
        return *plans_;
    }

    void close() {
        TRY(cudaStreamSynchronize(stream_));
        plans_.reset();
    }

    cudaStream_t stream_ = nullptr;
    cudnnHandle_t handle_ = nullptr;
    std::unique_ptr<Plans> plans_;
};

}  // namespace

}  // namespace cudnn_worker

int main() {
    std::unique_ptr<cudnn_worker::Worker> worker;
    std::string line;
    while (std::getline(std::cin, line) && line != "quit") {
        std::istringstream in(line);
        std::vector<std::string> words;
        for (std::string word; in >> word;) words.push_back(word);
        std::string reply;
        try {
            if (!worker) worker = std::make_unique<cudnn_worker::Worker>();
            reply = worker->answer(words);
        } catch (const std::exception &failed) {
            reply = "{\"error\":" + cudnn_worker::quoted(failed.what()) + "}";
        }
        std::cout << "@ " << reply << std::endl;
    }
    worker.reset();
    return 0;
}
