cmake_minimum_required(VERSION 3.22)
# Script behind the target build_id. Bench and test programs and the simulated device are not part of the library and not part of its id.
file(GLOB_RECURSE sources RELATIVE ${NATIVE}/.. ${NATIVE}/*.h ${NATIVE}/*.cuh ${NATIVE}/*.cu ${NATIVE}/*.cpp ${NATIVE}/../cmake/*.cmake)
list(FILTER sources EXCLUDE REGEX "native/(tests|bench|simulation)/")
list(SORT sources)
set(all "${ARCHITECTURES} ${COMPILER}")
foreach(source ${sources})
    file(SHA256 ${NATIVE}/../${source} hash)
    string(APPEND all "\n${source} ${hash}")
endforeach()
string(SHA256 id "${all}")
string(SUBSTRING ${id} 0 16 id)
file(CONFIGURE OUTPUT ${OUT}/build_id.h @ONLY CONTENT
"#define FRNN_BUILD_ID \"@id@\"
#define FRNN_ARCHITECTURES \"@ARCHITECTURES@\"
")
file(CONFIGURE OUTPUT ${OUT}/build-id.txt @ONLY CONTENT "@id@\n")
