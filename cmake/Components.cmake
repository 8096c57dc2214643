# The libraries, one a folder of runner/, and the executables. Sources are found by globs.

# Files of runner/host that only the worker links: they open plugins, call BLAS or run in the hot path. All others
# (catalogue, parameter tables) are linked by the supervisor as well.
set(RUNNER_HOST_RUNTIME loader registry part data files services products kernels vector_math)

# Compiled for any x86-64, since they run before or as the check for x86-64-v3.
set(RUNNER_BASELINE_SOURCES runner/main.c runner/worker_main.c runner/base/cpu.c)
foreach(source IN LISTS RUNNER_BASELINE_SOURCES)
    set_source_files_properties("${PROJECT_SOURCE_DIR}/${source}" PROPERTIES COMPILE_OPTIONS "${RUNNER_BASELINE_FLAGS}")
endforeach()

# Run only where cpu_level() is 4.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set_source_files_properties("${PROJECT_SOURCE_DIR}/runner/host/kernels_v4.c" PROPERTIES
                                COMPILE_OPTIONS "-march=x86-64-v4;-mprefer-vector-width=512")
endif()

set(kernels "${PROJECT_SOURCE_DIR}/runner/host/kernels_v3.c" "${PROJECT_SOURCE_DIR}/runner/host/kernels_v4.c"
            "${PROJECT_SOURCE_DIR}/runner/host/kernels_any.c")

# Short loops of whole cache lines: where one crosses into another, a step of one row takes a tenth more.
set_property(SOURCE ${kernels} APPEND PROPERTY COMPILE_OPTIONS -falign-loops=64)

# With the checks of sanitizers in their unrolled loops the kernels take minutes, a third of which goes into where variables are, for debuggers.
# Where the machine cannot run those of level 4, there is nothing to find in them either.
if(RUNNER_SANITIZE)
    set_property(SOURCE ${kernels} APPEND PROPERTY COMPILE_OPTIONS -g1)
    set(level_4 "")
    if(EXISTS /proc/cpuinfo)
        file(STRINGS /proc/cpuinfo level_4 LIMIT_COUNT 1 REGEX "avx512vl")
    endif()
    if(NOT level_4)
        set_property(SOURCE "${PROJECT_SOURCE_DIR}/runner/host/kernels_v4.c" APPEND PROPERTY COMPILE_OPTIONS
                     -fno-sanitize=all -O0)
    endif()
endif()

# No data set reader reaches the products, and clang takes minutes over their unrolled loops with all that fuzzers count.
if(RUNNER_FUZZ)
    set_property(SOURCE "${PROJECT_SOURCE_DIR}/runner/host/kernels_v3.c" "${PROJECT_SOURCE_DIR}/runner/host/kernels_v4.c"
                 APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=all)
endif()

function(runner_sources variable pattern)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${pattern}")
    set(${variable} ${found} PARENT_SCOPE)
endfunction()

# runner_library(NAME SOURCES source... LINK library...). Without sources it is an empty interface.
function(runner_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
    if(arg_SOURCES)
        add_library(${name} STATIC ${arg_SOURCES})
        target_link_libraries(${name} PRIVATE runner_flags PUBLIC runner_includes ${arg_LINK})
    else()
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE runner_includes ${arg_LINK})
    endif()
endfunction()

function(runner_executable name source)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LINK")
    if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${source}")
        message(STATUS "${name} is not built: no ${source}")
        return()
    endif()
    add_executable(${name} "${source}")
    target_link_libraries(${name} PRIVATE runner_flags runner_sanitizer ${arg_LINK})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()

runner_sources(base "runner/base/*.c")
runner_sources(host "runner/host/*.c")
set(runtime ${host})
list(JOIN RUNNER_HOST_RUNTIME "|" names)
list(FILTER runtime INCLUDE REGEX "/(${names})(_[a-z0-9_]+)?\\.c$")
list(REMOVE_ITEM host ${runtime})
runner_sources(config "runner/config/*.c")
runner_sources(conformance "runner/conformance/*.c")
runner_sources(train "runner/train/*.c")
runner_sources(results "runner/results/*.c")
runner_sources(schedule "runner/schedule/*.c")
set(worker ${schedule})
list(FILTER worker INCLUDE REGEX "/worker(_[a-z0-9_]+)?\\.c$")
list(REMOVE_ITEM schedule ${worker})
runner_sources(cli "runner/cli/*.c")

runner_library(runner_base SOURCES ${base}
    LINK runner_random123 PkgConfig::YAML PkgConfig::XXHASH PkgConfig::CRYPTO PkgConfig::ZLIB m)
runner_library(runner_host SOURCES ${host} LINK runner_base)
runner_library(runner_runtime SOURCES ${runtime}
    LINK runner_host runner_openblas OpenMP::OpenMP_C Threads::Threads ${CMAKE_DL_LIBS})
runner_library(runner_conformance SOURCES ${conformance} LINK runner_runtime)
runner_library(runner_config SOURCES ${config} LINK runner_host)
runner_library(runner_train SOURCES ${train} LINK runner_runtime)
runner_library(runner_results SOURCES ${results} LINK runner_config PkgConfig::JANSSON)
runner_library(runner_schedule SOURCES ${schedule} LINK runner_results)
runner_library(runner_worker_part SOURCES ${worker} LINK runner_schedule runner_train runner_conformance)
runner_library(runner_cli SOURCES ${cli} LINK runner_schedule)

runner_executable(runner runner/main.c LINK runner_cli)
runner_executable(runner-worker runner/worker_main.c LINK runner_worker_part)
if(CURL_FOUND)
    runner_executable(runner-fetch runner/fetch_main.c LINK runner_includes PkgConfig::CURL)
else()
    message(WARNING "no libcurl: `runner fetch` will fetch nothing (libcurl4-openssl-dev)")
endif()
if(TARGET runner-worker AND NOT RUNNER_SANITIZE)
    target_sources(runner-worker PRIVATE runner/worker_memory.c)
endif()
