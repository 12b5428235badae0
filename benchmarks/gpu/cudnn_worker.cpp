// cuDNN's recurrent layers as a worker process. Commands and replies are those of Worker.java.
//
// Plans: ALGORITHM-stream and ALGORITHM-graph for standard, persist_static, persist_dynamic, small_h. A case is opened with
// all of them; each is run a few times, and the fastest as a stream and the fastest as a graph are offered, the others are
// refused with their time or cuDNN's reason. Weights lie in cuDNN's own layout before anything is timed.
#include <cuda_runtime.h>
#include <cudnn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Milliseconds = double;

constexpr double kSampleSeconds = 0.005;
constexpr int kLeastSamples = 3, kMostPasses = 2000;
// An algorithm whose first pass takes so many times the fastest's is not tried further.
constexpr double kHopeless = 6;

void check(cudaError_t status, const char *what) {
    if (status != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

void check(cudnnStatus_t status, const char *what) {
    if (status != CUDNN_STATUS_SUCCESS) throw std::runtime_error(std::string(what) + ": " + cudnnGetErrorString(status));
}

#define TRY(call) check(call, #call)

// A safetensors file as this project's writer makes them: one JSON object, names without escapes.
class TensorFile {
public:
    struct Entry {
        std::string type;
        size_t begin, end;
    };

    explicit TensorFile(const std::string &path) : in_(path, std::ios::binary) {
        uint64_t length = 0;
        in_.read(reinterpret_cast<char *>(&length), 8);
        if (!in_ || length > (100u << 20)) throw std::runtime_error("not a safetensors file: " + path);
        header_.resize(length);
        in_.read(&header_[0], std::streamsize(length));
        data_ = 8 + length;
    }

    std::string metadata(const std::string &key) const {
        const size_t at = header_.find("\"__metadata__\"");
        return at == std::string::npos ? "" : text(key, at);
    }

    int number(const std::string &key) const { return std::stoi(metadata(key)); }

    bool contains(const std::string &name) const { return find(name) != std::string::npos; }

    std::vector<char> bytes(const std::string &name) {
        const size_t at = find(name);
        if (at == std::string::npos) throw std::runtime_error("no tensor " + name);
        const size_t offsets = header_.find("\"data_offsets\"", at);
        const size_t open = header_.find('[', offsets), comma = header_.find(',', open);
        const size_t begin = std::stoull(header_.substr(open + 1)), end = std::stoull(header_.substr(comma + 1));
        std::vector<char> found(end - begin);
        in_.seekg(std::streamoff(data_ + begin));
        in_.read(found.data(), std::streamsize(found.size()));
        if (!in_) throw std::runtime_error("the file ends inside " + name);
        return found;
    }

private:
    size_t find(const std::string &name) const {
        const size_t at = header_.find("\"" + name + "\":{");
        return at;
    }

    std::string text(const std::string &key, size_t from) const {
        const std::string mark = "\"" + key + "\":\"";
        const size_t at = header_.find(mark, from);
        if (at == std::string::npos) throw std::runtime_error("no metadata " + key);
        const size_t begin = at + mark.size();
        return header_.substr(begin, header_.find('"', begin) - begin);
    }

    std::ifstream in_;
    std::string header_;
    size_t data_;
};

// Gathers named host arrays and writes them as one safetensors file.
class TensorWriter {
public:
    void add(const std::string &name, const std::string &type, std::vector<char> bytes, size_t elementSize) {
        entries_.push_back({name, type, std::move(bytes), elementSize});
    }

    void write(const std::string &path) const {
        std::ostringstream header;
        size_t at = 0;
        header << '{';
        for (const Entry &e : entries_) {
            header << (at || &e != &entries_[0] ? "," : "") << '"' << e.name << "\":{\"dtype\":\"" << e.type << "\",\"shape\":["
                   << e.bytes.size() / e.elementSize << "],\"data_offsets\":[" << at << ',' << at + e.bytes.size() << "]}";
            at += e.bytes.size();
        }
        header << '}';
        std::string text = header.str();
        text.resize((text.size() + 7) / 8 * 8, ' ');
        const uint64_t length = text.size();
        std::ofstream out(path, std::ios::binary);
        out.write(reinterpret_cast<const char *>(&length), 8);
        out << text;
        for (const Entry &e : entries_) out.write(e.bytes.data(), std::streamsize(e.bytes.size()));
        if (!out.flush()) throw std::runtime_error("not written: " + path);
    }

private:
    struct Entry {
        std::string name, type;
        std::vector<char> bytes;
        size_t elementSize;
    };
    std::vector<Entry> entries_;
};

class Buffer {
public:
    explicit Buffer(size_t bytes) : bytes_(bytes) {
        TRY(cudaMalloc(&data_, std::max<size_t>(bytes, 16)));
        TRY(cudaMemset(data_, 0, std::max<size_t>(bytes, 16)));
    }
    explicit Buffer(const std::vector<char> &values) : Buffer(values.size()) {
        TRY(cudaMemcpy(data_, values.data(), values.size(), cudaMemcpyHostToDevice));
    }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { cudaFree(data_); }

    void *get() const { return data_; }
    size_t size() const { return bytes_; }
    std::vector<char> values() const {
        std::vector<char> found(bytes_);
        TRY(cudaMemcpy(found.data(), data_, bytes_, cudaMemcpyDeviceToHost));
        return found;
    }

private:
    void *data_ = nullptr;
    size_t bytes_;
};

struct Sizes {
    std::string cell, precision;
    int T, N, C, H, L, D;
    bool inference, lengths;

    bool lstm() const { return cell == "lstm"; }
    int gates() const { return lstm() ? 4 : cell == "gru" ? 3 : 1; }
    cudnnDataType_t type() const {
        return precision == "bf16" ? CUDNN_DATA_BFLOAT16 : precision == "f16" ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
    }
    const char *stored() const { return precision == "bf16" ? "BF16" : precision == "f16" ? "F16" : "F32"; }
    size_t elementSize() const { return type() == CUDNN_DATA_FLOAT ? 4 : 2; }
    cudnnMathType_t math() const {
        return precision == "f32" ? CUDNN_FMA_MATH : precision == "tf32" ? CUDNN_DEFAULT_MATH : CUDNN_TENSOR_OP_MATH;
    }
    cudnnRNNMode_t mode() const {
        return lstm() ? CUDNN_LSTM : cell == "gru" ? CUDNN_GRU : cell == "rnn_relu" ? CUDNN_RNN_RELU : CUDNN_RNN_TANH;
    }
};

// What all algorithms share: inputs and outputs.
struct Tensors {
    Tensors(TensorFile &file, const Sizes &s)
        : x(file.bytes("x")), hx(file.bytes("hx")), cx(s.lstm() ? file.bytes("cx") : std::vector<char>()), dy(file.bytes("dy")),
          dhy(file.bytes("dhy")), dcy(s.lstm() ? file.bytes("dcy") : std::vector<char>()), y(dy.size()), hy(hx.size()), cy(cx.size()),
          dx(x.size()), dhx(hx.size()), dcx(cx.size()), devLengths(size_t(s.N) * 4), lengths(size_t(s.N), s.T) {
        if (s.lengths) {
            const std::vector<char> given = file.bytes("lengths");
            memcpy(lengths.data(), given.data(), given.size());
        }
        TRY(cudaMemcpy(devLengths.get(), lengths.data(), lengths.size() * 4, cudaMemcpyHostToDevice));
    }

    Buffer x, hx, cx, dy, dhy, dcy, y, hy, cy, dx, dhx, dcx, devLengths;
    std::vector<int> lengths;
};

// One algorithm on a case: descriptors, weights in cuDNN's layout, work space.
class Layer {
public:
    Layer(cudnnHandle_t handle, cudaStream_t stream, const Sizes &sizes, Tensors &tensors, TensorFile &file, cudnnRNNAlgo_t algorithm)
        : handle_(handle), stream_(stream), s_(sizes), t_(tensors) {
        try {
            describe(algorithm);
            size_t bytes = 0;
            TRY(cudnnGetRNNWeightSpaceSize(handle_, rnn_, &bytes));
            weights_ = std::make_unique<Buffer>(bytes);
            gradients_ = std::make_unique<Buffer>(bytes);
            forEachParameter([&](const std::string &name, size_t at, size_t size) {
                const std::vector<char> values = file.bytes(name);
                if (values.size() != size) throw std::runtime_error(name + " has another size in cuDNN");
                TRY(cudaMemcpy(static_cast<char *>(weights_->get()) + at, values.data(), size, cudaMemcpyHostToDevice));
            });
            const auto mode = s_.inference ? CUDNN_FWD_MODE_INFERENCE : CUDNN_FWD_MODE_TRAINING;
            size_t work = 0, reserve = 0;
            TRY(cudnnGetRNNTempSpaceSizes(handle_, rnn_, mode, xd_, &work, &reserve));
            work_ = std::make_unique<Buffer>(work);
            reserve_ = std::make_unique<Buffer>(reserve);
        } catch (...) {
            destroy();
            throw;
        }
    }
    Layer(const Layer &) = delete;
    ~Layer() {
        if (exec_) cudaGraphExecDestroy(exec_);
        destroy();
    }

    void run() {
        const bool lstm = s_.lstm();
        const auto mode = s_.inference ? CUDNN_FWD_MODE_INFERENCE : CUDNN_FWD_MODE_TRAINING;
        const int *lengths = static_cast<const int *>(t_.devLengths.get());
        void *cx = lstm ? t_.cx.get() : nullptr, *cy = lstm ? t_.cy.get() : nullptr;
        void *reserve = s_.inference ? nullptr : reserve_->get();
        TRY(cudnnRNNForward(handle_, rnn_, mode, lengths, xd_, t_.x.get(), yd_, t_.y.get(), hd_, t_.hx.get(), t_.hy.get(), hd_, cx, cy,
                            weights_->size(), weights_->get(), work_->size(), work_->get(), s_.inference ? 0 : reserve_->size(), reserve));
        if (s_.inference) return;
        TRY(cudnnRNNBackwardData_v8(handle_, rnn_, lengths, yd_, t_.y.get(), t_.dy.get(), xd_, t_.dx.get(), hd_, t_.hx.get(), t_.dhy.get(),
                                    t_.dhx.get(), hd_, cx, lstm ? t_.dcy.get() : nullptr, lstm ? t_.dcx.get() : nullptr, weights_->size(),
                                    weights_->get(), work_->size(), work_->get(), reserve_->size(), reserve));
        // cuDNN only adds to the gradients of the weights.
        TRY(cudaMemsetAsync(gradients_->get(), 0, gradients_->size(), stream_));
        TRY(cudnnRNNBackwardWeights_v8(handle_, rnn_, CUDNN_WGRAD_MODE_ADD, lengths, xd_, t_.x.get(), hd_, t_.hx.get(), yd_, t_.y.get(),
                                       weights_->size(), gradients_->get(), work_->size(), work_->get(), reserve_->size(), reserve));
    }

    // Records one run; replay() launches it.
    void record() {
        cudaGraph_t graph = nullptr;
        TRY(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed));
        std::string failed;
        try {
            run();
        } catch (const std::exception &e) {
            failed = e.what();
        }
        const cudaError_t ended = cudaStreamEndCapture(stream_, &graph);
        if (!failed.empty() || ended != cudaSuccess || !graph) {
            cudaGetLastError();
            throw std::runtime_error("cannot be captured: " + (failed.empty() ? cudaGetErrorString(ended) : failed));
        }
        const cudaError_t made = cudaGraphInstantiate(&exec_, graph, 0);
        cudaGraphDestroy(graph);
        check(made, "cudaGraphInstantiate");
    }

    void replay() { TRY(cudaGraphLaunch(exec_, stream_)); }

    void write(const std::string &path) {
        TensorWriter out;
        auto add = [&](const char *name, const Buffer &b) { out.add(name, s_.stored(), b.values(), s_.elementSize()); };
        add("y", t_.y);
        add("hy", t_.hy);
        if (s_.lstm()) add("cy", t_.cy);
        if (!s_.inference) {
            add("dx", t_.dx);
            add("dhx", t_.dhx);
            if (s_.lstm()) add("dcx", t_.dcx);
            const std::vector<char> all = gradients_->values();
            forEachParameter([&](const std::string &name, size_t at, size_t size) {
                out.add("d" + name, s_.stored(), std::vector<char>(all.begin() + long(at), all.begin() + long(at + size)), s_.elementSize());
            });
        }
        out.write(path);
    }

private:
    void describe(cudnnRNNAlgo_t algorithm) {
        TRY(cudnnCreateDropoutDescriptor(&dropout_));
        size_t states = 0;
        TRY(cudnnDropoutGetStatesSize(handle_, &states));
        dropoutStates_ = std::make_unique<Buffer>(states);
        TRY(cudnnSetDropoutDescriptor(dropout_, handle_, 0, dropoutStates_->get(), states, 1));
        TRY(cudnnCreateRNNDescriptor(&rnn_));
        TRY(cudnnSetRNNDescriptor_v8(rnn_, algorithm, s_.mode(), CUDNN_RNN_DOUBLE_BIAS, s_.D == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                                     CUDNN_LINEAR_INPUT, s_.type(), CUDNN_DATA_FLOAT, s_.math(), s_.C, s_.H, s_.H, s_.L, dropout_,
                                     s_.lengths ? CUDNN_RNN_PADDED_IO_ENABLED : CUDNN_RNN_PADDED_IO_DISABLED));
        if (algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC) TRY(cudnnBuildRNNDynamic(handle_, rnn_, s_.N));
        const auto layout = s_.lengths ? CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED : CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
        float zero = 0;
        TRY(cudnnCreateRNNDataDescriptor(&xd_));
        TRY(cudnnCreateRNNDataDescriptor(&yd_));
        TRY(cudnnSetRNNDataDescriptor(xd_, s_.type(), layout, s_.T, s_.N, s_.C, t_.lengths.data(), &zero));
        TRY(cudnnSetRNNDataDescriptor(yd_, s_.type(), layout, s_.T, s_.N, s_.H * s_.D, t_.lengths.data(), &zero));
        TRY(cudnnCreateTensorDescriptor(&hd_));
        const int extents[3] = {s_.L * s_.D, s_.N, s_.H}, strides[3] = {s_.N * s_.H, s_.H, 1};
        TRY(cudnnSetTensorNdDescriptor(hd_, s_.type(), 3, extents, strides));
    }

    // Calls use(name, offset, bytes) for each parameter by PyTorch's name; all gates of one lie one behind the other.
    template <class Use>
    void forEachParameter(Use use) {
        cudnnTensorDescriptor_t matrix, bias;
        TRY(cudnnCreateTensorDescriptor(&matrix));
        TRY(cudnnCreateTensorDescriptor(&bias));
        const char *base = static_cast<const char *>(weights_->get());
        for (int layer = 0; layer < s_.L; layer++) {
            for (int direction = 0; direction < s_.D; direction++) {
                const std::string suffix = "_l" + std::to_string(layer) + (direction ? "_reverse" : "");
                for (int part = 0; part < 2; part++) {
                    size_t firstMatrix = 0, matrixBytes = 0, firstBias = 0, biasBytes = 0;
                    for (int gate = 0; gate < s_.gates(); gate++) {
                        void *m = nullptr, *b = nullptr;
                        TRY(cudnnGetRNNWeightParams(handle_, rnn_, layer * s_.D + direction, weights_->size(), weights_->get(),
                                                    part * s_.gates() + gate, matrix, &m, bias, &b));
                        collect(static_cast<char *>(m) - base, elements(matrix), firstMatrix, matrixBytes, gate);
                        collect(static_cast<char *>(b) - base, elements(bias), firstBias, biasBytes, gate);
                    }
                    const std::string which = part ? "hh" : "ih";
                    use("weight_" + which + suffix, firstMatrix, matrixBytes);
                    use("bias_" + which + suffix, firstBias, biasBytes);
                }
            }
        }
        cudnnDestroyTensorDescriptor(matrix);
        cudnnDestroyTensorDescriptor(bias);
    }

    void collect(ptrdiff_t at, size_t count, size_t &first, size_t &bytes, int gate) const {
        if (gate == 0) first = size_t(at);
        if (size_t(at) != first + bytes) throw std::runtime_error("cuDNN's gates do not lie one behind the other");
        bytes += count * s_.elementSize();
    }

    static size_t elements(cudnnTensorDescriptor_t descriptor) {
        cudnnDataType_t type;
        int rank = 0, extents[3] = {}, strides[3] = {};
        TRY(cudnnGetTensorNdDescriptor(descriptor, 3, &type, &rank, extents, strides));
        return size_t(extents[0]) * extents[1] * extents[2];
    }

    void destroy() {
        if (hd_) cudnnDestroyTensorDescriptor(hd_);
        if (yd_) cudnnDestroyRNNDataDescriptor(yd_);
        if (xd_) cudnnDestroyRNNDataDescriptor(xd_);
        if (rnn_) cudnnDestroyRNNDescriptor(rnn_);
        if (dropout_) cudnnDestroyDropoutDescriptor(dropout_);
    }

    cudnnHandle_t handle_;
    cudaStream_t stream_;
    const Sizes &s_;
    Tensors &t_;
    cudnnDropoutDescriptor_t dropout_ = nullptr;
    cudnnRNNDescriptor_t rnn_ = nullptr;
    cudnnRNNDataDescriptor_t xd_ = nullptr, yd_ = nullptr;
    cudnnTensorDescriptor_t hd_ = nullptr;
    cudaGraphExec_t exec_ = nullptr;
    std::unique_ptr<Buffer> dropoutStates_, weights_, gradients_, work_, reserve_;
};

std::string quoted(const std::string &text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c < ' ' ? ' ' : c;
    }
    return out + '"';
}

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
        if (words[0] == "write" && words.size() == 3) return write(words[1], words[2]);
        if (words[0] == "time" && words.size() == 3) return time(words[1], atof(words[2].c_str()));
        if (words[0] == "close") {
            close();
            return "{}";
        }
        throw std::runtime_error("no command " + words[0]);
    }

private:
    struct Plan {
        Layer *layer;
        bool graph;
        int passes = 0;
    };

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
        TensorFile file(path);
        sizes_ = {file.metadata("cell"), file.metadata("precision"), file.number("T"), file.number("N"),          file.number("C"),
                  file.number("H"),      file.number("L"),           file.number("D"), inference, file.contains("lengths")};
        tensors_ = std::make_unique<Tensors>(file, sizes_);
        std::map<std::string, std::string> refused;
        std::map<std::string, Milliseconds> first;
        const struct {
            const char *name;
            cudnnRNNAlgo_t algorithm;
        } algorithms[] = {{"standard", CUDNN_RNN_ALGO_STANDARD},
                          {"persist_static", CUDNN_RNN_ALGO_PERSIST_STATIC},
                          {"persist_dynamic", CUDNN_RNN_ALGO_PERSIST_DYNAMIC},
                          {"small_h", CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H}};
        for (const auto &a : algorithms) tryOut(a.name, a.algorithm, file, first, refused);
        keepFastest("-stream", first, refused);
        keepFastest("-graph", first, refused);
        return reply(refused);
    }

    void tryOut(const std::string &name, cudnnRNNAlgo_t algorithm, TensorFile &file, std::map<std::string, Milliseconds> &first,
                std::map<std::string, std::string> &refused) {
        try {
            auto layer = std::make_unique<Layer>(handle_, stream_, sizes_, *tensors_, file, algorithm);
            layer->run();
            TRY(cudaStreamSynchronize(stream_));
            Layer *made = layer.get();
            layers_.push_back(std::move(layer));
            first[name + "-stream"] = quick([made] { made->run(); });
            plans_[name + "-stream"] = {made, false};
            for (const auto &other : first) {
                if (first[name + "-stream"] > kHopeless * other.second) return;
            }
            made->record();
            first[name + "-graph"] = quick([made] { made->replay(); });
            plans_[name + "-graph"] = {made, true};
        } catch (const std::exception &failed) {
            // A failed launch is forgotten; one that broke the device shows at the next call.
            cudaDeviceSynchronize();
            cudaGetLastError();
            refused[name] = failed.what();
        }
    }

    Milliseconds quick(const std::function<void()> &pass) {
        pass();
        Milliseconds best = 1e30;
        for (int i = 0; i < 3; i++) best = std::min(best, sample(pass, 1));
        return best;
    }

    void keepFastest(const std::string &suffix, const std::map<std::string, Milliseconds> &first, std::map<std::string, std::string> &refused) {
        std::string fastest;
        for (const auto &f : first) {
            if (f.first.size() > suffix.size() && f.first.compare(f.first.size() - suffix.size(), suffix.size(), suffix) == 0 &&
                (fastest.empty() || f.second < first.at(fastest))) {
                fastest = f.first;
            }
        }
        for (const auto &f : first) {
            if (f.first != fastest && f.first.size() > suffix.size() &&
                f.first.compare(f.first.size() - suffix.size(), suffix.size(), suffix) == 0) {
                char text[80];
                snprintf(text, sizeof text, "slower: %.4f ms, %s %.4f ms", f.second, fastest.c_str(), first.at(fastest));
                refused[f.first] = text;
                plans_.erase(f.first);
            }
        }
    }

    std::string reply(const std::map<std::string, std::string> &refused) const {
        std::string out = "{\"plans\":[";
        for (const auto &p : plans_) out += (out.back() == '[' ? "" : ",") + quoted(p.first);
        out += "],\"refused\":{";
        for (const auto &r : refused) out += (out.back() == '{' ? "" : ",") + quoted(r.first) + ":" + quoted(r.second);
        return out + "}}";
    }

    std::string write(const std::string &name, const std::string &path) {
        Plan &plan = plans_.at(name);
        run(plan);
        TRY(cudaStreamSynchronize(stream_));
        plan.layer->write(path);
        return "{}";
    }

    static void run(Plan &plan) { plan.graph ? plan.layer->replay() : plan.layer->run(); }

    Milliseconds sample(const std::function<void()> &pass, int passes) {
        TRY(cudaStreamSynchronize(stream_));
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < passes; i++) pass();
        TRY(cudaStreamSynchronize(stream_));
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / passes;
    }

    // The same as PassClock.java.
    std::string time(const std::string &name, double seconds) {
        Plan &plan = plans_.at(name);
        const auto pass = [&plan] { run(plan); };
        if (plan.passes == 0) {
            const Milliseconds first = std::min(sample(pass, 1), sample(pass, 1));
            plan.passes = std::max(1, std::min(kMostPasses, int(std::ceil(kSampleSeconds * 1e3 / first))));
        }
        std::string out = "{\"ms\":[";
        Milliseconds spent = 0;
        for (int count = 0; count < kLeastSamples || spent < seconds * 1e3; count++) {
            const Milliseconds taken = sample(pass, plan.passes);
            spent += taken * plan.passes;
            char text[40];
            snprintf(text, sizeof text, "%s%.7f", count ? "," : "", taken);
            out += text;
        }
        return out + "]}";
    }

    void close() {
        TRY(cudaStreamSynchronize(stream_));
        plans_.clear();
        layers_.clear();
        tensors_.reset();
    }

    cudaStream_t stream_ = nullptr;
    cudnnHandle_t handle_ = nullptr;
    Sizes sizes_ = {};
    std::unique_ptr<Tensors> tensors_;
    std::vector<std::unique_ptr<Layer>> layers_;
    std::map<std::string, Plan> plans_;
};

} // namespace

int main() {
    std::unique_ptr<Worker> worker;
    std::string line;
    while (std::getline(std::cin, line) && line != "quit") {
        std::istringstream in(line);
        std::vector<std::string> words;
        for (std::string word; in >> word;) words.push_back(word);
        std::string reply;
        try {
            if (!worker) worker = std::make_unique<Worker>();
            reply = worker->answer(words);
        } catch (const std::exception &failed) {
            reply = "{\"error\":" + quoted(failed.what()) + "}";
        }
        std::cout << "@ " << reply << std::endl;
    }
    worker.reset();
    return 0;
}
