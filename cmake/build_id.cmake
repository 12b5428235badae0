# generated/build_id.h: a hash of all native sources, flags, architectures and the compiler, renewed at every build if it changed.
set(build_id_dir ${CMAKE_CURRENT_BINARY_DIR}/generated)
add_custom_target(build_id
    COMMAND ${CMAKE_COMMAND}
        -DNATIVE=${CMAKE_CURRENT_LIST_DIR}/../native
        -DOUT=${build_id_dir}
        "-DARCHITECTURES=${CMAKE_CUDA_ARCHITECTURES}"
        "-DCOMPILER=${CMAKE_CUDA_COMPILER_VERSION} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE}"
        -P ${CMAKE_CURRENT_LIST_DIR}/write_build_id.cmake
    BYPRODUCTS ${build_id_dir}/build_id.h ${build_id_dir}/build-id.txt
    VERBATIM
    COMMENT "")
