// Reads and writes the safetensors files that a case and its results come in.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace cudnn_worker {

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

}  // namespace cudnn_worker
