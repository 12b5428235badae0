// Host tests: cell mathematics, index maps, the generator, argument checks, plans of the recurrence. No device is touched.
#include "test.h"

int main() {
    cellMathTests();
    mapTests();
    philoxTests();
    argumentTests();
    planTests();
    recurrenceArgumentTests();
    referenceTests();
    std::printf("%d checks, %d failed\n", frnn::test::checks, frnn::test::failures);
    return frnn::test::failures == 0 && frnn::test::checks > 0 ? 0 : 1;
}
