# Stand-ins for libcuda, libcudart, libcublasLt, libcublas and the parts of libcudnn, under the names by which programs ask for them.
set(simulation_libraries ${CMAKE_CURRENT_BINARY_DIR}/libraries)

set(CMAKE_SKIP_RPATH OFF)

function(add_stand_in name version)
    add_library(${name} SHARED ${ARGN})
    target_include_directories(${name} PUBLIC include)
    set_target_properties(${name} PROPERTIES SOVERSION ${version} LIBRARY_OUTPUT_DIRECTORY ${simulation_libraries}
        CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF INSTALL_RPATH "$ORIGIN" BUILD_WITH_INSTALL_RPATH ON)
    target_link_options(${name} PRIVATE -Wl,--no-as-needed)
    set(exports ${CMAKE_CURRENT_SOURCE_DIR}/runtime/exports/${name}.map)
    if(EXISTS ${exports})
        target_link_options(${name} PRIVATE -Wl,--version-script=${exports})
        set_target_properties(${name} PROPERTIES LINK_DEPENDS ${exports})
    endif()
endfunction()

file(GLOB runtime_sources CONFIGURE_DEPENDS runtime/*.cpp)
# This one belongs to the kernels' library.
set(runtime_enqueue ${CMAKE_CURRENT_SOURCE_DIR}/runtime/enqueue.cpp)
list(REMOVE_ITEM runtime_sources ${runtime_enqueue})

# Only its name is asked for.
add_stand_in(cuda 1 runtime/exports/nothing.cpp)
add_stand_in(cudart 13 ${runtime_sources})
target_link_libraries(cudart PRIVATE cuda)
file(GLOB blas_sources CONFIGURE_DEPENDS blas/*.cpp)
add_stand_in(cublasLt 13 ${blas_sources})
target_link_libraries(cublasLt PRIVATE cudart)
set_source_files_properties(blas/product.cpp PROPERTIES COMPILE_OPTIONS -O3)
add_stand_in(cublas 13 runtime/exports/nothing.cpp)
# Each function of cuDNN belongs to one of its parts, whose name is its version.
add_stand_in(cudnn_graph 9 dnn/graph.cpp)
target_link_libraries(cudnn_graph PRIVATE cudart)
add_stand_in(cudnn_ops 9 dnn/ops.cpp)
target_link_libraries(cudnn_ops PRIVATE cudnn_graph)
add_stand_in(cudnn_cnn 9 runtime/exports/nothing.cpp)
set(recurrence_sources dnn/stack.cpp dnn/lane.cpp dnn/forward.cpp dnn/backward.cpp dnn/reserve.cpp blas/numbers.cpp)
add_stand_in(cudnn_adv 9 dnn/rnn_descriptors.cpp dnn/rnn_passes.cpp ${recurrence_sources})
target_link_libraries(cudnn_adv PRIVATE cudnn_graph cudart)
set_source_files_properties(dnn/lane.cpp PROPERTIES COMPILE_OPTIONS -O3)
add_stand_in(cudnn 9 runtime/exports/nothing.cpp)
target_link_libraries(cudnn PRIVATE cudnn_graph cudnn_ops cudnn_cnn cudnn_adv)

enable_testing()
add_executable(runtime_tests runtime_tests.cpp blas/product.cpp blas/numbers.cpp)
target_link_libraries(runtime_tests PRIVATE cudart)
set_target_properties(runtime_tests PROPERTIES INSTALL_RPATH "$ORIGIN/libraries" BUILD_WITH_INSTALL_RPATH ON)
add_test(NAME runtime COMMAND runtime_tests)
add_executable(dnn_tests dnn_tests.cpp)
target_link_libraries(dnn_tests PRIVATE cudnn_adv cudnn_ops cudnn_graph cudart)
set_target_properties(dnn_tests PROPERTIES INSTALL_RPATH "$ORIGIN/libraries" BUILD_WITH_INSTALL_RPATH ON)
add_test(NAME cudnn COMMAND dnn_tests)
