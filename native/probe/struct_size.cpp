#include <cstring>

#include "fusedrnn.h"

namespace {

struct Entry {
    const char *name;
    size_t bytes;
};

const Entry ENTRIES[] = {
    {"Message", sizeof(FrnnMessage)},
    {"Probe", sizeof(FrnnProbe)},
    {"Device", sizeof(FrnnDevice)},
    {"PackJob", sizeof(FrnnPackJob)},
    {"Pack", sizeof(FrnnPackParams)},
    {"UnpackJob", sizeof(FrnnUnpackJob)},
    {"Unpack", sizeof(FrnnUnpackParams)},
    {"Transpose", sizeof(FrnnTransposeParams)},
    {"CellForward", sizeof(FrnnCellForwardParams)},
    {"CellBackward", sizeof(FrnnCellBackwardParams)},
    {"StepProduct", sizeof(FrnnStepProduct)},
    {"Step", sizeof(FrnnStepParams)},
    {"StatesBefore", sizeof(FrnnStatesBeforeParams)},
    {"Gates", sizeof(FrnnGatesParams)},
    {"StateForward", sizeof(FrnnStateForwardParams)},
    {"StateBackward", sizeof(FrnnStateBackwardParams)},
    {"Mask", sizeof(FrnnMaskParams)},
    {"GatherLast", sizeof(FrnnGatherLastParams)},
    {"ScatterLast", sizeof(FrnnScatterLastParams)},
    {"SwapLeading", sizeof(FrnnSwapLeadingParams)},
    {"Fill", sizeof(FrnnFillParams)},
    {"Convert", sizeof(FrnnConvertParams)},
    {"AddScaled", sizeof(FrnnAddScaledParams)},
    {"Scale", sizeof(FrnnScaleParams)},
    {"AddRow", sizeof(FrnnAddRowParams)},
    {"Advance", sizeof(FrnnAdvanceParams)},
    {"ColumnSum", sizeof(FrnnColumnSumParams)},
    {"Reduce", sizeof(FrnnReduceParams)},
    {"Gather", sizeof(FrnnGatherParams)},
    {"ScatterAdd", sizeof(FrnnScatterAddParams)},
    {"CrossEntropy", sizeof(FrnnCrossEntropyParams)},
    {"TargetScale", sizeof(FrnnTargetScaleParams)},
    {"ActivityPenalty", sizeof(FrnnActivityPenaltyParams)},
    {"Attention", sizeof(FrnnAttentionParams)},
    {"AttentionBackward", sizeof(FrnnAttentionBackwardParams)},
    {"Dropout", sizeof(FrnnDropoutParams)},
    {"DropoutRows", sizeof(FrnnDropoutRowsParams)},
    {"ClipScale", sizeof(FrnnClipScaleParams)},
    {"StepDone", sizeof(FrnnStepDoneParams)},
    {"Update", sizeof(FrnnUpdateParams)},
    {"RecurrenceShape", sizeof(FrnnRecurrenceShape)},
    {"DeviceLimits", sizeof(FrnnDeviceLimits)},
    {"RecurrencePlan", sizeof(FrnnRecurrencePlan)},
    {"RecurrenceForward", sizeof(FrnnRecurrenceForwardParams)},
    {"RecurrenceBackward", sizeof(FrnnRecurrenceBackwardParams)},
};

}  // namespace

extern "C" int32_t frnn_struct_size(const char *name) {
    for (const Entry &entry : ENTRIES) {
        if (std::strcmp(entry.name, name) == 0) return static_cast<int32_t>(entry.bytes);
    }
    return -1;
}
