# The installed tree is relocatable: the runner finds its parts relative to its own executable, runner.pc and the CMake
# package relative to their own files.

include(CMakePackageConfigHelpers)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/runner")

if(TARGET runner)
    install(TARGETS runner RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
if(TARGET runner-worker)
    install(TARGETS runner-worker RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/runner")
endif()
if(TARGET runner-fetch)
    install(TARGETS runner-fetch RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/runner")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/runner/plugin.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/runner")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/configs/" DESTINATION "${CMAKE_INSTALL_DATADIR}/runner/configs"
        FILES_MATCHING PATTERN "*.yaml")

# What the program writes about itself: the manual page, and completions where bash, zsh and fish look for them.
if(TARGET runner AND NOT CMAKE_CROSSCOMPILING)
    set(written "${PROJECT_BINARY_DIR}/written")
    add_custom_command(OUTPUT "${written}/runner.1" "${written}/runner" "${written}/_runner" "${written}/runner.fish"
                       COMMAND ${CMAKE_COMMAND} -E make_directory "${written}"
                       COMMAND runner help --man > "${written}/runner.1"
                       COMMAND runner completion bash > "${written}/runner"
                       COMMAND runner completion zsh > "${written}/_runner"
                       COMMAND runner completion fish > "${written}/runner.fish"
                       DEPENDS runner VERBATIM)
    add_custom_target(written ALL DEPENDS "${written}/runner.1")
    install(FILES "${written}/runner.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
    install(FILES "${written}/runner" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
    install(FILES "${written}/_runner" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
    install(FILES "${written}/runner.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/templates/" DESTINATION "${CMAKE_INSTALL_DATADIR}/runner/templates")

install(TARGETS runner_plugin EXPORT runnerTargets)
install(EXPORT runnerTargets NAMESPACE runner:: DESTINATION "${package}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/runnerConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/package/runnerConfig.cmake" INSTALL_DESTINATION "${package}"
                              NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/runnerConfigVersion.cmake"
                                 COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/package/runnerConfig.cmake" "${PROJECT_BINARY_DIR}/package/runnerConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/runnerPlugin.cmake" DESTINATION "${package}")

set(pkgconfig "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH RUNNER_PC_INCLUDE "${pkgconfig}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
file(RELATIVE_PATH RUNNER_PC_PLUGINS "${pkgconfig}" "${CMAKE_INSTALL_FULL_LIBDIR}/runner/plugins")
configure_file("${PROJECT_SOURCE_DIR}/cmake/runner.pc.in" "${PROJECT_BINARY_DIR}/package/runner.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/runner.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
