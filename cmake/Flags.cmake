# Compiler flags. `runner_flags` is linked by all code of the project, plugins and tests as well; `runner_includes` gives
# the code of the host its include path.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# The RUNPATH of the installed programs, in the build tree as well: the folders of libraries outside the system's.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

if(DEFINED ENV{CI})
    set(runner_in_ci ON)
else()
    set(runner_in_ci OFF)
endif()
option(RUNNER_WERROR "Warnings are errors" ${runner_in_ci})
set(RUNNER_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(RUNNER_FUZZ "Fuzz targets are fuzzers (clang, with RUNNER_SANITIZE=fuzzer-no-link,...)" OFF)

add_library(runner_flags INTERFACE)

# Results are the same bits whatever the optimiser does (DESIGN 5): no contraction, and nothing of -ffast-math that
# changes a value. errno of the maths functions and floating-point traps are used by no one and keep loops from being
# vectorised.
target_compile_options(runner_flags INTERFACE -ffp-contract=off -fno-math-errno -fno-trapping-math)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    # One binary for every machine from 2013 on. What main() runs before it has asked cpu_missing() is compiled for any
    # x86-64 instead (RUNNER_BASELINE_SOURCES).
    target_compile_options(runner_flags INTERFACE -march=x86-64-v3)
    set(RUNNER_BASELINE_FLAGS -march=x86-64)
endif()

target_compile_options(runner_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wvla -Wundef -Wcast-align -Wwrite-strings -Wformat=2 -Wnull-dereference
    -Wdouble-promotion -Wimplicit-fallthrough -Wpointer-arith)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(runner_flags INTERFACE -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
else()
    # clang's own: casts for intrinsics of unaligned loads, of which gcc says nothing where the machine allows them; loops
    # that it does not unroll as asked; OFFERS(x) without what may follow.
    target_compile_options(runner_flags INTERFACE -Wno-cast-align -Wno-pass-failed -Wno-gnu-zero-variadic-macro-arguments)
endif()

if(RUNNER_SANITIZE)
    target_compile_options(runner_flags INTERFACE
        -fsanitize=${RUNNER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(runner_flags INTERFACE -fsanitize=${RUNNER_SANITIZE})
    # Linked by executables: the sanitizers' run-time options, so that the programs need no variable in the environment.
    add_library(runner_sanitizer OBJECT "${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.c")
elseif(RUNNER_WERROR)
    # Not with sanitizers: their checks confuse the flow analysis of gcc's warnings (-Wnull-dereference and others).
    target_compile_options(runner_flags INTERFACE -Werror)
endif()
if(NOT TARGET runner_sanitizer)
    add_library(runner_sanitizer INTERFACE)
endif()
target_link_options(runner_flags INTERFACE -Wl,--as-needed)

# runner/base/build.h: what the code must know of the build.
file(RELATIVE_PATH RUNNER_LIBEXEC_RELATIVE
     "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBEXECDIR}/runner")
file(RELATIVE_PATH RUNNER_PLUGINS_RELATIVE
     "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}/runner/plugins")
file(RELATIVE_PATH RUNNER_INCLUDE_RELATIVE "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
file(RELATIVE_PATH RUNNER_TEMPLATES_RELATIVE
     "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_DATADIR}/runner/templates")
string(TOUPPER "${CMAKE_BUILD_TYPE}" runner_type)
separate_arguments(runner_given UNIX_COMMAND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${runner_type}}")
get_target_property(runner_options runner_flags INTERFACE_COMPILE_OPTIONS)
set(RUNNER_BUILD_FLAGS ${runner_given} ${runner_options})
list(FILTER RUNNER_BUILD_FLAGS INCLUDE REGEX "^-[A-Za-z0-9_+,.=-]+$")
list(FILTER RUNNER_BUILD_FLAGS EXCLUDE REGEX "^-W")
list(JOIN RUNNER_BUILD_FLAGS " " RUNNER_BUILD_FLAGS)
configure_file("${PROJECT_SOURCE_DIR}/cmake/build.h.in" "${PROJECT_BINARY_DIR}/generated/runner/base/build.h" @ONLY)

add_library(runner_includes INTERFACE)
target_include_directories(runner_includes INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
# Empty, so that a file which defines it as well is no redefinition.
target_compile_definitions(runner_includes INTERFACE _GNU_SOURCE=)
