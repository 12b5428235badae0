# jnifusedrnn: the JNI shim that JavaCPP generates from the compiled binding, with the kernels inside. One file for the class path.
# FUSEDRNN_JAVA_CLASSPATH holds the compiled binding and javacpp.jar, FUSEDRNN_JAVA_HOME a JDK, FUSEDRNN_NATIVES the output folder.
set(shim ${CMAKE_CURRENT_BINARY_DIR}/jni/jnifusedrnn.cpp)
set(binding ${CMAKE_CURRENT_LIST_DIR}/../src/main/java/dev/fusedrnn/internal/natives/FusedRnnPreset.java)
set(abi ${CMAKE_CURRENT_LIST_DIR}/../native/include)
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${abi}/*.h)
add_custom_command(
    OUTPUT ${shim} ${CMAKE_CURRENT_BINARY_DIR}/jni/jnijavacpp.cpp
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/jni
    COMMAND ${FUSEDRNN_JAVA_HOME}/bin/java -Xshare:auto -cp ${FUSEDRNN_JAVA_CLASSPATH} org.bytedeco.javacpp.tools.Builder -classpath ${FUSEDRNN_JAVA_CLASSPATH}
        -nocompile -nodelete -properties linux-x86_64 -d ${CMAKE_CURRENT_BINARY_DIR}/jni -o jnifusedrnn
        dev.fusedrnn.internal.natives.*
    DEPENDS ${headers} ${binding}
    COMMENT "JavaCPP writes the JNI shim"
    VERBATIM)

add_library(jnifusedrnn SHARED ${shim} ${CMAKE_CURRENT_BINARY_DIR}/jni/jnijavacpp.cpp $<TARGET_OBJECTS:fusedrnn_objects>)
target_include_directories(jnifusedrnn PRIVATE ${abi})
target_include_directories(jnifusedrnn SYSTEM PRIVATE ${FUSEDRNN_JAVA_HOME}/include ${FUSEDRNN_JAVA_HOME}/include/linux)
# Generated code: its warnings are not ours.
set_source_files_properties(${shim} ${CMAKE_CURRENT_BINARY_DIR}/jni/jnijavacpp.cpp PROPERTIES COMPILE_OPTIONS "-w;-O1")
target_link_options(jnifusedrnn PRIVATE -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,relro -Wl,--no-undefined)
if(CMAKE_CUDA_COMPILER)
    set_target_properties(jnifusedrnn PROPERTIES LINKER_LANGUAGE CUDA)
endif()

# Beside the classes, where the loader looks.
set(library ${FUSEDRNN_NATIVES}/libjnifusedrnn.so)
add_custom_command(
    OUTPUT ${library} ${FUSEDRNN_NATIVES}/build-id.txt
    COMMAND ${CMAKE_COMMAND} -E make_directory ${FUSEDRNN_NATIVES}
    COMMAND ${CMAKE_STRIP} --strip-unneeded -o ${library} $<TARGET_FILE:jnifusedrnn>
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/generated/build-id.txt ${FUSEDRNN_NATIVES}/build-id.txt
    DEPENDS jnifusedrnn
    VERBATIM)
add_custom_target(natives DEPENDS ${library})
