# runner_add_plugin(NAME source...): builds the plugin NAME.so from the sources. It sees <runner/plugin.h>, exports
# runner_plugin_entry() alone and must link without undefined symbols, so that what is missing is an error here and not
# when it is loaded. -ffp-contract=off: a product and a sum are not fused behind the author's back, so that results are
# the same bits whatever the compiler.
function(runner_add_plugin name)
    add_library(${name} MODULE ${ARGN})
    target_link_libraries(${name} PRIVATE runner::plugin m)
    target_compile_options(${name} PRIVATE -ffp-contract=off -fno-math-errno -fno-trapping-math)
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
                          VISIBILITY_INLINES_HIDDEN ON)
    # clang's sanitizers keep their run-time in the executable.
    if(NOT (CMAKE_C_COMPILER_ID MATCHES "Clang" AND RUNNER_SANITIZE))
        target_link_options(${name} PRIVATE "LINKER:-z,defs")
    endif()
endfunction()
