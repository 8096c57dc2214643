# plugins/KIND/NAME.c -> plugins/KIND/NAME.so in the build tree. They see <runner/plugin.h> through a folder that holds
# nothing else of the project.

file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/include/runner")
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/runner/plugin.h" "${PROJECT_BINARY_DIR}/include/runner/plugin.h" SYMBOLIC)
# What `runner plugin new` writes, beside the runner as the plugins are.
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/templates" "${PROJECT_BINARY_DIR}/templates" SYMBOLIC)
add_library(runner_plugin INTERFACE)
add_library(runner::plugin ALIAS runner_plugin)
set_target_properties(runner_plugin PROPERTIES EXPORT_NAME plugin)
target_include_directories(runner_plugin INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")

# All plugins, and the runner with them: `cmake --build ... --target plugins`.
add_custom_target(plugins)
file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/plugins/*/*.c")
foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME kind)
    set(target plugin_${kind}_${name})
    runner_add_plugin(${target} "${source}")
    target_link_libraries(${target} PRIVATE runner_flags)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME "${name}"
                          LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/plugins/${kind}")
    install(TARGETS ${target} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/runner/plugins/${kind}")
    add_dependencies(plugins ${target})
endforeach()
