#include "architectures.h"

#include <cstdlib>
#include <string>

namespace frnn {

static bool runsOn(const std::string &entry, int device) {
    char *end = nullptr;
    int version = static_cast<int>(std::strtol(entry.c_str(), &end, 10));
    bool exact = *end == 'a';
    if (exact) ++end;
    std::string suffix = end;
    if (exact) return version == device;
    bool machineCode = suffix != "-virtual" && version / 10 == device / 10 && version <= device;
    bool ptx = suffix != "-real" && version <= device;
    return machineCode || ptx;
}

bool architecturesRunOn(const char *list, int major, int minor) {
    std::string rest = list;
    while (!rest.empty()) {
        size_t comma = rest.find(';');
        if (runsOn(rest.substr(0, comma), major * 10 + minor)) return true;
        rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    }
    return false;
}

}  // namespace frnn
