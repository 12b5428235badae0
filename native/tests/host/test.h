// The little that host tests need.
#pragma once

#include <cstdio>

namespace frnn::test {

inline int failures = 0;
inline int checks = 0;

inline void expect(bool condition, const char *text, const char *file, int line) {
    ++checks;
    if (condition) return;
    ++failures;
    std::printf("FAIL %s:%d: %s\n", file, line, text);
}

}  // namespace frnn::test

#define EXPECT(condition) frnn::test::expect((condition), #condition, __FILE__, __LINE__)

void cellMathTests();
void mapTests();
void philoxTests();
void argumentTests();
void planTests();
void recurrenceArgumentTests();
void referenceTests();
