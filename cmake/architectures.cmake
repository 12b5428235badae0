# FUSEDRNN_CUDA_ARCHS: "all" for a release, else a list such as "90a" or "80;90a". Set before project(), which checks the compiler with it.
set(FUSEDRNN_CUDA_ARCHS 90a CACHE STRING "CUDA architectures, or all")
if(FUSEDRNN_CUDA_ARCHS STREQUAL "all")
    # The last one carries PTX too, for devices newer than this list.
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90a-real 100-real 120)
else()
    string(REPLACE "," ";" archs "${FUSEDRNN_CUDA_ARCHS}")
    list(TRANSFORM archs REPLACE "^([0-9]+[a-z]?)$" "\\1-real" OUTPUT_VARIABLE CMAKE_CUDA_ARCHITECTURES)
endif()
