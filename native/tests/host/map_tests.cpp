// Packed rows are a permutation with the documented places; architectures run where they should; each lack has its reason.
#include <set>
#include <string>

#include "probe/architectures.h"
#include "recurrence/chip_tiles.h"
#include "probe/reasons.h"
#include "recurrence/rows.h"
#include "test.h"

static void rowsTest(int32_t rows, int64_t gates, int64_t hidden) {
    std::set<int64_t> seen;
    for (int64_t gate = 0; gate < gates; ++gate) {
        for (int64_t unit = 0; unit < hidden; ++unit) {
            const int64_t row = frnn::packedRow(rows, gates, hidden, gate, unit);
            EXPECT(row >= 0 && row < gates * hidden);
            seen.insert(row);
        }
    }
    EXPECT(static_cast<int64_t>(seen.size()) == gates * hidden);
}

// What a block publishes is what others read: chunks and packets fill their slots without overlap, words come back in order.
static void chipMapsTest() {
    std::set<int> positions;
    for (int sample = 0; sample < 8; ++sample) positions.insert(frnn::chipStatePosition(sample));
    EXPECT(positions.size() == 8 && *positions.begin() == 0 && *positions.rbegin() == 7);
    for (const int gates : {3, 4}) {
        std::set<int> words;
        for (int packet = 0; packet < frnn::chipPackets(gates); ++packet) {
            for (int i = 0; i < 3; ++i) {
                const int word = frnn::chipPacketWord(gates, packet, i);
                if (word >= 0) EXPECT(words.insert(word).second);
            }
        }
        EXPECT(static_cast<int>(words.size()) == gates * 2 && *words.rbegin() == gates * 2 - 1);
    }
    // Eight lanes at a time: one chunk of all samples, or four chunks of two samples, each in its own group of banks.
    for (int chunk = 0; chunk < 16; ++chunk) {
        std::set<int> writing, reading;
        for (int sample = 0; sample < 8; ++sample) writing.insert(frnn::chipStagedChunk(chunk, sample) % 8);
        for (int lane = 0; lane < 8; ++lane) reading.insert(frnn::chipStagedChunk(chunk / 4 * 4 + lane % 4, chunk % 4 * 2 + lane / 4) % 8);
        EXPECT(writing.size() == 8 && reading.size() == 8);
    }
    for (const int hidden : {513, 600, 768, 1150, 1536}) {
        EXPECT(frnn::chipForwardBlocks(hidden) * 16 >= hidden && (frnn::chipForwardBlocks(hidden) - 1) * 16 < hidden);
        EXPECT(frnn::chipBackwardBlocks(hidden) % 8 == 0 && frnn::chipBackwardBlocks(hidden) >= frnn::chipForwardBlocks(hidden));
    }
}

void mapTests() {
    chipMapsTest();
    for (int64_t hidden : {1, 2, 7, 64}) {
        for (int64_t gates : {1, 3, 4}) rowsTest(FRNN_ROWS_INTERLEAVED, gates, hidden);
        rowsTest(FRNN_ROWS_RESET_BEFORE, 3, hidden);
    }
    EXPECT(frnn::packedRow(FRNN_ROWS_INTERLEAVED, 4, 10, 2, 7) == 30);
    EXPECT(frnn::packedRow(FRNN_ROWS_RESET_BEFORE, 3, 10, 1, 7) == 15);
    EXPECT(frnn::packedRow(FRNN_ROWS_RESET_BEFORE, 3, 10, 2, 7) == 27);

    EXPECT(frnn::architecturesRunOn("90a-real", 9, 0));
    EXPECT(!frnn::architecturesRunOn("90a-real", 10, 0) && !frnn::architecturesRunOn("90a-real", 8, 9));
    EXPECT(frnn::architecturesRunOn("80-real", 8, 6) && !frnn::architecturesRunOn("86-real", 8, 0) && !frnn::architecturesRunOn("80-real", 9, 0));
    const char *all = "75-real;80-real;86-real;89-real;90a-real;100-real;120";
    const int devices[][2] = {{7, 5}, {8, 0}, {8, 6}, {8, 7}, {8, 9}, {9, 0}, {10, 0}, {10, 3}, {12, 0}, {12, 1}, {13, 0}};
    for (const auto &device : devices) EXPECT(frnn::architecturesRunOn(all, device[0], device[1]));
    EXPECT(!frnn::architecturesRunOn(all, 7, 0) && !frnn::architecturesRunOn(all, 11, 0));
    EXPECT(frnn::architecturesRunOn("80-virtual", 9, 0) && !frnn::architecturesRunOn("80-virtual", 7, 5));
    EXPECT(!frnn::architecturesRunOn("", 9, 0));

    EXPECT(frnn::whyNoDevice(0, 13000, 35, "text") == "no CUDA driver (CUDA error 35: text)");
    EXPECT(frnn::whyNoDevice(12080, 13010, 35, "text") == "the CUDA driver is too old: it offers CUDA 12.8, 13.1 is needed");
    EXPECT(frnn::whyNoDevice(13000, 13000, 100, "text") == "a CUDA driver (13.0) but no CUDA device");
    EXPECT(frnn::whyNoDevice(13000, 13000, 999, "text") == "CUDA error 999: text");
}
