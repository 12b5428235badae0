# The library that Java loads, for the simulated device: the same shim, and kernels compiled for the host.
# FUSEDRNN_NATIVES is a folder that comes before the library's own classes on the class path.
include(jni)
target_include_directories(jnifusedrnn BEFORE PRIVATE include)
target_link_libraries(jnifusedrnn PRIVATE cudart)
file(RELATIVE_PATH from_natives ${FUSEDRNN_NATIVES} ${simulation_libraries})
set_target_properties(jnifusedrnn PROPERTIES INSTALL_RPATH "$ORIGIN/${from_natives}" BUILD_WITH_INSTALL_RPATH ON)
