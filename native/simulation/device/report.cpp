// Where the threads of a launch stand, in words; places in the code by file and line where addr2line finds them.
#include <dlfcn.h>

#include <cstdio>
#include <map>

#include "machine.h"

namespace simulation {
namespace {

constexpr size_t MOST_LINES = 40;

const char *nameOf(Wait wait) {
    static const char *const names[] = {"runs", "waits for lanes of its warp", "waits at a block barrier", "waits at the cluster barrier",
                                        "waits for bytes", "waits for another block's store"};
    return names[static_cast<int>(wait)];
}

}  // namespace

std::string describe(const void *site) {
    Dl_info info;
    if (site == nullptr || dladdr(site, &info) == 0 || info.dli_fname == nullptr) return "?";
    char command[1000];
    const size_t offset = static_cast<size_t>(static_cast<const char *>(site) - static_cast<const char *>(info.dli_fbase)) - 1;
    std::snprintf(command, sizeof command, "addr2line -Cspie '%s' 0x%zx 2>/dev/null", info.dli_fname, offset);
    std::string text;
    if (FILE *pipe = popen(command, "r")) {
        char part[400];
        while (std::fgets(part, sizeof part, pipe) != nullptr) text += part;
        pclose(pipe);
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::snprintf(command, sizeof command, "%s+0x%zx", info.dli_fname, offset);
    return text.empty() || text[0] == '?' ? command : text;
}

std::string standing() {
    std::map<const void *, std::string> places;
    std::string text;
    size_t lines = 0;
    for (size_t b = 0; b < machine.used; ++b) {
        const Block &block = *machine.blocks[b];
        for (size_t w = 0; w < block.warps.size(); ++w) {
            const Warp &warp = block.warps[w];
            std::map<std::pair<Wait, const void *>, uint32_t> groups;
            for (uint32_t live = warp.live; live != 0; live &= live - 1) {
                const Lane &lane = warp.lanes[__builtin_ctz(live)];
                groups[{lane.wait, lane.site}] |= bitOf(lane);
            }
            for (const auto &group : groups) {
                if (++lines > MOST_LINES) return text + "...";
                std::string &place = places[group.first.second];
                if (place.empty()) place = describe(group.first.second);
                char head[160];
                std::snprintf(head, sizeof head, "block %u warp %zu lanes %08x: %s at ", block.number, w, group.second, nameOf(group.first.first));
                text += head + place + "\n";
            }
        }
    }
    return text;
}

}  // namespace simulation
