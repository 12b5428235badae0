# Language levels and flags of every native target: warnings are errors, symbols hidden, static CUDA runtime, no build paths inside.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
set(CMAKE_SKIP_RPATH ON)

set(host_warnings -Wall -Wextra -Wshadow -Werror)
get_filename_component(repository ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
set(path_maps -ffile-prefix-map=${repository}=. -ffile-prefix-map=${CMAKE_CURRENT_BINARY_DIR}=build)
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${host_warnings};-Wpedantic;${path_maps}>")

string(REPLACE ";" "," cuda_host_flags "${host_warnings};${path_maps}")
add_compile_options(
    "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${cuda_host_flags};--Werror=all-warnings;-Xptxas=-v>")
# Source lines for compute-sanitizer and profilers; off in a product, as it writes build paths into the library.
option(FUSEDRNN_LINEINFO "line numbers in device code" OFF)
if(FUSEDRNN_LINEINFO)
    add_compile_options("$<$<COMPILE_LANGUAGE:CUDA>:-lineinfo>")
endif()
# Headers of the toolkit are not ours to warn about.
include_directories(SYSTEM ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})

# Writes what ptxas says of each kernel beside its object file and fails on register spills.
set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CURRENT_LIST_DIR}/nvcc-report)
