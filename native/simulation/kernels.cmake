# fusedrnn_objects: the library's sources, kernels compiled for the host by the C++ compiler, and the device that runs them.
option(FUSEDRNN_SANITIZE "address and undefined-behaviour sanitizers in kernels and simulation" OFF)

set(CMAKE_CUDA_ARCHITECTURES 90a-simulated)
set(CMAKE_CUDA_COMPILER_VERSION simulated)
include(build_id)

file(GLOB kernel_sources CONFIGURE_DEPENDS ../kernels/*.cu ../recurrence/*.cu)
file(GLOB library_sources CONFIGURE_DEPENDS ../common/*.cpp ../probe/*.cpp ../kernels/*.cpp ../recurrence/*.cpp)
file(GLOB device_sources CONFIGURE_DEPENDS device/*.cpp)

# -g1 names the places where threads wait; kernels read values under other types, and say to nvcc alone what is initialised.
set(kernel_options -x c++ -g1 -O2 -fno-strict-aliasing -include cuda_runtime.h
    -Wno-unknown-pragmas -Wno-maybe-uninitialized -Wno-pedantic -Wno-shadow)
set(kernel_definitions __CUDACC__ __CUDA_ARCH__=900)
# A kernel's file is C++ here.
function(simulate_kernels)
    set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "${kernel_options}" COMPILE_DEFINITIONS "${kernel_definitions}")
endfunction()
simulate_kernels(${kernel_sources})
set_source_files_properties(${device_sources} PROPERTIES COMPILE_OPTIONS "-g1;-O2")

if(FUSEDRNN_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=address,undefined)
endif()

add_library(fusedrnn_objects OBJECT ${kernel_sources} ${library_sources} ${device_sources} runtime/enqueue.cpp)
target_include_directories(fusedrnn_objects PUBLIC include .. ../include ${CMAKE_CURRENT_BINARY_DIR}/generated)
add_dependencies(fusedrnn_objects build_id)
